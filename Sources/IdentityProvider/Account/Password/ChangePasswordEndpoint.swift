import Authenticators
import HTTPTypes

extension Path { static let changePassword = Path("/account/password") }

/// Where whoever signed in just now chooses a new password. It ends every session, this one, too: whoever knew the former
/// one is out.
struct ChangePasswordEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let protection: AccountProtection
    let site: String
    let done: LinkPages
    let path = Path.changePassword
    var routes: [Route] { Route.page(path, rateLimit: .guessing) }

    init(_ core: Core) {
        gate = AccountGate(core)
        protection = AccountProtection(core)
        site = core.settings.name
        done = LinkPages(core)
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response { page(request, visitor) }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        let password: NewPassword
        do throws(PasswordRefusal) {
            password = try NewPassword(request.parameters["password"] ?? "", for: visitor.user, site: site)
        } catch { return page(request, visitor, error: error.rawValue) }
        let hash = try await protection.passwords.hash(password.text)
        // A new password does not add to what a user who came in by email has shown.
        let mailedAt = visitor.session.context >= .multiFactor ? nil : visitor.user.passwordMailedAt
        let isSet = try await protection.setPassword(
            hash.text, of: visitor.user, mailedAt: mailedAt, because: .passwordChanged, after: request)
        guard isSet else { return gate.overview() }
        protection.audit.record(.passwordChanged, user: visitor.user.id)
        return done.done("password_set", next: done.signIn)
    }

    private func page(_ request: Request, _ visitor: AccountGate.Visitor, error: String? = nil) -> Response {
        // For password managers: which account it is.
        var (page, cookie) = gate.page("reset-password", at: path, for: visitor, request)
        page.data["username"] = .text(visitor.user.username)
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
