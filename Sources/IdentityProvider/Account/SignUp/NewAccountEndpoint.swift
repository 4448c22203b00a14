import Authenticators
import HTTPTypes
import JOSE

extension Path {
    static let finishSignUp = Path("/sign-up/finish")
    static let invitation = Path("/invitation")
}

/// Completes a sign-up or invitation: the link in the email has proved the address, and the user chooses a name and
/// password.
struct NewAccountEndpoint: LinkEndpoint {
    /// Sign-up or invitation.
    let purpose: MailLinkPurpose
    let origin: AccountOrigin
    let pages: LinkPages
    let interrupted: InterruptedSignIn
    let loop: InteractionLoop
    let links: MailLinks
    let accounts: AccountCreation

    init(_ core: Core, purpose: MailLinkPurpose, origin: AccountOrigin, loop: InteractionLoop) {
        self.purpose = purpose
        self.origin = origin
        pages = LinkPages(core)
        interrupted = InterruptedSignIn(core)
        self.loop = loop
        links = MailLinks(core)
        accounts = AccountCreation(core)
    }

    var routes: [Route] { Route.page(purpose.path) }

    var instead: NextStep { origin == .signUp ? pages.step(.signUp, .newLink) : pages.signIn }

    func show(_ request: Request) async throws -> Response {
        let (_, address) = try await open(request)
        return try await page(request, address)
    }

    func submit(_ request: Request) async throws -> Response {
        let (link, address) = try await open(request)
        let name = request.parameters["name"].map { String($0.prefix(100)) }
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try accounts.password(request.parameters["password"] ?? "", names: [address.text, name])
        } catch { return try await page(request, address, name: name, error: error.rawValue) }
        let hash = try await accounts.hash(password)
        try await links.consume(link)
        var claims: JSONObject = [:]
        claims["name"] = name.map(JSON.string)
        let user: User
        do {
            user = try await accounts.create(address.text, email: address.text, hash, claims: claims, origin: origin)
        } catch is NameTaken {
            // Another account has taken the address since, so the link is void.
            throw OAuthError.linkLost
        }
        return try await goOn(user, request).setting(interrupted.clearing())
    }

    /// Continues the interrupted sign-in, if this browser has one: the user has just set the password, and the policy
    /// asks for anything else it requires.
    private func goOn(_ user: User, _ request: Request) async throws -> Response {
        guard let interaction = interrupted.resume(request) else {
            return pages.done("account_made", ["continue_uri": .text(try interrupted.location(request))])
        }
        let outcome = try await loop.signIn.advance(
            nil, with: .password, by: user, toward: loop.destination(of: interaction), in: request)
        return try await loop.proceed(outcome, of: interaction, by: user, in: request)
    }

    private func open(_ request: Request) async throws -> (MailLink, MailAddress) {
        let (link, _) = try await links.open(request, for: purpose)
        guard let address = link.address, try await !accounts.isTaken(address.text) else {
            throw OAuthError.linkLost
        }
        return (link, address)
    }

    private func page(_ request: Request, _ address: MailAddress, name: String? = nil, error: String? = nil)
        async throws -> Response
    {
        pages.form(
            "new-account", at: purpose.path, request,
            ["username": .text(address.text), "name": .text(name ?? "")], error: error,
            formTargets: interrupted.resume(request)?.formTargets ?? [], on: try await interrupted.setting(request))
    }
}
