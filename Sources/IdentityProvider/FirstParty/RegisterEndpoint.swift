import Authenticators
import HTTPTypes
import JOSE

/// `POST /api/auth/register`: somebody wants an account. With an address alone it is as on the page: a mail proves the
/// address before there is anything. With a name and a password there is an account at once, but no address is its own
/// before the link in a mail was opened: until then it signs nobody in, resets nothing and stays free for its owner.
/// Whether an address has an account, only its owner is told, by that mail.
struct RegisterEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    /// Whether people may make accounts at all.
    let isOpen: Bool
    let hasMail: Bool
    let mail: MailRequests
    let accounts: AccountCreation
    let notices: AccountNotices
    let routes = [Route.api(.post, "register", rateLimit: .mail)]

    init(_ core: Core) {
        clients = FirstPartyClients(core)
        isOpen = core.settings.signUp == .open
        hasMail = core.sendsMail
        mail = MailRequests(core)
        accounts = AccountCreation(core)
        notices = AccountNotices(core)
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(Set(["username", "password", "email", "client_id"] + Claims.own))
        let parameters = request.parameters
        let client = try await clients.client(parameters["client_id"])
        guard isOpen else {
            return ProblemDetails(
                kind: .registrationClosed, status: .forbidden, detail: "accounts are made by whoever runs this"
            ).response
        }
        let address = try address(parameters["email"])
        guard parameters["username"] != nil || parameters["password"] != nil else {
            guard let address, parameters.names.allSatisfy(["email", "client_id"].contains) else {
                throw OAuthError.invalidRequest("username and password are needed, or an email alone")
            }
            try await mail.add(.signUp(address), after: request.withoutCookies)
            return .json(["next": "mail"], status: .accepted)
        }
        return try await create(request, address, for: client)
    }

    /// The answer does not depend on who has the address: that is looked up when the mail is sent.
    private func create(_ request: Request, _ address: MailAddress?, for client: Client) async throws -> Response {
        let parameters = request.parameters
        guard let username = NewUsername(try parameters.required("username")) else {
            throw OAuthError.invalidRequest("username must be 3 to 64 letters and digits, with _ and - between")
        }
        guard let claims = Claims.own(in: parameters) else { throw OAuthError.invalidRequest("a name is too long") }
        let typed = try parameters.required("password")
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try accounts.password(
                typed, names: [username.text, address?.text, claims["name"]?.string])
        } catch { return Self.refusal(of: error) }
        let isMailed = try await mail.takeSignUp(mailing: address, after: request)
        // Before the hash: a name that is taken must not cost one.
        guard try await !accounts.isTaken(username.text) else { return Self.taken }
        let hash = try await accounts.hash(password)
        let user: User
        do {
            user = try await accounts.create(username.text, hash, claims: claims, origin: .signUp, by: client.id)
        } catch is NameTaken { return Self.taken }
        if let address, isMailed { await notices.tell(.emailChange(user.id, to: address), request.withoutCookies) }
        return .json(
            ["user_id": .string(user.id.rawValue), "username": .string(user.username), "next": "login"],
            status: .created)
    }

    private func address(_ text: String?) throws(OAuthError) -> MailAddress? {
        guard let text else { return nil }
        guard hasMail else { throw .invalidRequest("no mail is sent here that could prove an email") }
        guard let address = MailAddress(text) else { throw .invalidRequest("email is no address") }
        return address
    }

    /// A username is public: whoever chooses one must be told. How often one may ask is limited.
    private static let taken = ProblemDetails(
        kind: .usernameTaken, status: .conflict, detail: "somebody has this username"
    ).response

    private static func refusal(of reason: PasswordRefusal) -> Response {
        ProblemDetails(
            kind: .passwordRefused, status: .badRequest, detail: "choose another password",
            members: ["reason": .string(reason.rawValue)]
        ).response
    }
}
