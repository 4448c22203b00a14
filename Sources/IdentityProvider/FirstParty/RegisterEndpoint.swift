import Authenticators
import HTTPTypes
import JOSE

/// `POST /api/auth/register`: signs a user up. With an email address alone it works like the page: a link in an email
/// proves the address before anything is stored. With username and password the account exists immediately, but an
/// address belongs to it only once the link in an email has been opened. Until then the address can't be used to sign
/// in or reset the password, and its owner can still register it. Only that email tells whether an address already has
/// an account.
struct RegisterEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    /// Whether sign-up is open.
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
                kind: .registrationClosed, status: .forbidden, detail: "ask an administrator for an account"
            ).response
        }
        let address = try address(parameters["email"])
        guard parameters["username"] != nil || parameters["password"] != nil else {
            guard let address, parameters.names.allSatisfy(["email", "client_id"].contains) else {
                throw OAuthError.invalidRequest("send username and password, or email alone")
            }
            try await mail.add(.signUp(address), after: request.withoutCookies)
            return .json(["next": "mail"], status: .accepted)
        }
        return try await create(request, address, for: client)
    }

    /// The response does not depend on who owns the address, which is looked up only when the email is sent.
    private func create(_ request: Request, _ address: MailAddress?, for client: Client) async throws -> Response {
        let parameters = request.parameters
        guard let username = NewUsername(try parameters.required("username")) else {
            throw OAuthError.invalidRequest(
                "username must be 3 to 64 letters, digits, _ or -, starting and ending with a letter or digit")
        }
        guard let claims = Claims.own(in: parameters) else {
            throw OAuthError.invalidRequest("a name exceeds 255 bytes")
        }
        let typed = try parameters.required("password")
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try accounts.password(
                typed, names: [username.text, address?.text, claims["name"]?.string])
        } catch { return Self.refusal(of: error) }
        let isMailed = try await mail.takeSignUp(mailing: address, after: request)
        // Before hashing, so that a taken name doesn't cost a hash.
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
        guard hasMail else { throw .invalidRequest("this server does not send email, so email is not accepted") }
        guard let address = MailAddress(text) else { throw .invalidRequest("email is not a valid address") }
        return address
    }

    /// Usernames are public, and someone choosing one must learn that it is taken. Rate limits bound the enumeration.
    private static let taken = ProblemDetails(
        kind: .usernameTaken, status: .conflict, detail: "choose another username"
    ).response

    private static func refusal(of reason: PasswordRefusal) -> Response {
        ProblemDetails(
            kind: .passwordRefused, status: .badRequest, detail: "choose another password",
            members: ["reason": .string(reason.rawValue)]
        ).response
    }
}
