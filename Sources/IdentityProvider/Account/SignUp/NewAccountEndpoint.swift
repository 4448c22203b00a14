import Authenticators
import FoundationEssentials
import HTTPTypes
import JOSE
import Logging

extension Path {
    static let finishSignUp = Path("/sign-up/finish")
    static let invitation = Path("/invitation")
}

/// Where a link from a mail becomes an account: the address is proven, a name and a password are asked for.
struct NewAccountEndpoint: LinkEndpoint {
    /// Of one's own will, or invited.
    let purpose: MailLinkPurpose
    let origin: AccountOrigin
    let pages: LinkPages
    let interrupted: InterruptedSignIn
    let signIn: SignIn
    let loop: InteractionLoop
    let links: MailLinks
    let users: any UserStore
    let passwords: PasswordFactor
    let site: String
    let audit: AuditLog
    let now: @Sendable () -> Date

    init(_ core: Core, purpose: MailLinkPurpose, origin: AccountOrigin, loop: InteractionLoop) {
        self.purpose = purpose
        self.origin = origin
        pages = LinkPages(core)
        interrupted = InterruptedSignIn(core)
        signIn = loop.signIn
        self.loop = loop
        links = MailLinks(core)
        users = core.stores.users
        passwords = core.passwords
        site = core.settings.name
        audit = core.audit
        now = core.now
    }

    var routes: [Route] { Route.page(purpose.path, rateLimit: .guessing) }

    func show(_ request: Request) async throws -> Response {
        let (_, address) = try await open(request)
        return page(request, address)
    }

    func submit(_ request: Request) async throws -> Response {
        let (link, address) = try await open(request)
        let name = request.parameters["name"].map { String($0.prefix(100)) }
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try NewPassword(
                request.parameters["password"] ?? "", names: [address.text, name, site].compactMap(\.self))
        } catch { return page(request, address, name: name, error: error.rawValue) }
        let hash = try await passwords.hash(password.text)
        try await links.consume(link)
        let moment = now()
        var user = User(
            username: address.text, email: address.text, isEmailVerified: true, passwordHash: hash.text,
            createdAt: moment, updatedAt: moment)
        user.claims["name"] = name.map(JSON.string)
        // Somebody else may have made one with this address since: the link is worth nothing then.
        do { try await users.save(user) } catch is NameTaken { throw OAuthError.linkLost }
        if origin == .invitation { audit.record(.invitationAccepted, user: user.id) }
        audit.record(.accountCreated(origin), user: user.id)
        Logger.current.info("signed up", metadata: ["user": "\(user.id)"])
        return try await goOn(user, request).setting(interrupted.clearing())
    }

    /// In the browser that came from a sign-in, that goes on: the password was just typed, and the policy asks for whatever
    /// else it takes.
    private func goOn(_ user: User, _ request: Request) async throws -> Response {
        guard let interaction = interrupted.resume(request) else {
            return pages.done("account_made", ["continue_uri": .text(try interrupted.location(request))])
        }
        let outcome = try await signIn.advance(
            nil, with: .password, by: user, toward: loop.destination(of: interaction), in: request)
        return try loop.proceed(outcome, of: interaction)
    }

    private func open(_ request: Request) async throws -> (MailLink, MailAddress) {
        let (link, _) = try await links.open(request, for: purpose)
        guard let address = link.address, try await users.find(named: address.text) == nil else {
            throw OAuthError.linkLost
        }
        return (link, address)
    }

    private func page(_ request: Request, _ address: MailAddress, name: String? = nil, error: String? = nil)
        -> Response
    {
        pages.form(
            "new-account", at: purpose.path, request,
            ["username": .text(address.text), "name": .text(name ?? "")], error: error,
            formTargets: interrupted.resume(request)?.formTargets ?? [])
    }
}
