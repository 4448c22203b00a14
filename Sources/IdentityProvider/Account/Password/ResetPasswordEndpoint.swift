import Authenticators
import HTTPTypes

extension Path { static let resetPassword = Path("/reset-password") }

/// Lets users set a new password with a link from an email. This signs nobody in: sign-in still requires the same
/// factors.
struct ResetPasswordEndpoint: LinkEndpoint {
    let pages: LinkPages
    let interrupted: InterruptedSignIn
    let links: MailLinks
    let protection: AccountProtection
    let site: String
    let routes = Route.page(.resetPassword)

    init(_ core: Core) {
        pages = LinkPages(core)
        interrupted = InterruptedSignIn(core)
        links = MailLinks(core)
        protection = AccountProtection(core)
        site = core.settings.name
    }

    var instead: NextStep { pages.step(.forgotPassword, .newLink) }

    func show(_ request: Request) async throws -> Response {
        let (_, user) = try await open(request)
        return try await page(request, user)
    }

    func submit(_ request: Request) async throws -> Response {
        let (link, user) = try await open(request)
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try NewPassword(request.parameters["password"] ?? "", for: user, site: site)
        } catch { return try await page(request, user, error: error.rawValue) }
        let hash = try await protection.passwords.hash(password.text)
        try await links.consume(link)
        // The link proves access to the mailbox, so the address is verified.
        if let email = user.email { try await protection.users.verifyEmail(email, of: user.id, at: protection.now()) }
        let isSet = try await protection.setPassword(
            hash.text, of: user, mailedAt: protection.now(), because: .passwordReset, after: request)
        guard isSet else { throw OAuthError.linkLost }
        protection.audit.record(.passwordReset, user: user.id)
        return pages.done(
            "password_set", ["continue_uri": .text(try interrupted.location(request))],
            on: try await interrupted.setting(request)
        ).setting(interrupted.clearing())
    }

    private func open(_ request: Request) async throws -> (MailLink, User) {
        guard case (let link, let user?) = try await links.open(request, for: .passwordReset) else {
            throw OAuthError.linkLost
        }
        return (link, user)
    }

    private func page(_ request: Request, _ user: User, error: String? = nil) async throws -> Response {
        // For password managers.
        pages.form(
            "reset-password", at: .resetPassword, request, ["username": .text(user.username)], error: error,
            on: try await interrupted.setting(request))
    }
}
