import Authenticators
import HTTPTypes

extension Path { static let changePassword = Path("/account/password") }

/// Lets recently signed-in users choose a new password. Ends every session, including this one, to lock out anyone who
/// knew the old password.
struct ChangePasswordEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let protection: AccountProtection
    let site: String
    let done: LinkPages
    let path = Path.changePassword
    var routes: [Route] { Route.page(path) }

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
        // After a reset by email, another new password still proves only access to the mailbox.
        let mailedAt = visitor.session.context >= .multiFactor ? nil : visitor.user.passwordMailedAt
        let isSet = try await protection.setPassword(
            hash.text, of: visitor.user, mailedAt: mailedAt, because: .passwordChanged, after: request)
        guard isSet else { return gate.overview() }
        protection.audit.record(.passwordChanged, user: visitor.user.id)
        return done.done("password_set", next: done.signIn)
    }

    private func page(_ request: Request, _ visitor: AccountGate.Visitor, error: String? = nil) -> Response {
        // For password managers.
        var (page, cookie) = gate.page("reset-password", at: path, for: visitor, request)
        page.data["username"] = .text(visitor.user.username)
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
