import HTTPTypes
import Logging

extension Path { static let deleteAccount = Path("/account/delete") }

/// Lets users delete their account and everything stored for it. They confirm by typing the username, to prevent
/// accidents.
struct DeleteAccountEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let sessionEnd: SessionEnd
    let frontChannel: FrontChannelLogout
    let audit: AuditLog
    let done: LinkPages
    let path = Path.deleteAccount
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        sessionEnd = SessionEnd(core)
        frontChannel = FrontChannelLogout(core)
        audit = core.audit
        done = LinkPages(core)
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response { page(request, visitor) }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        guard User.key(of: request.parameters["username"] ?? "") == User.key(of: visitor.user.username) else {
            return page(request, visitor, error: "name")
        }
        let ended = try await sessionEnd.endAll(byDeleting: visitor.user.id)
        defer { audit.record(.accountDeleted, user: visitor.user.id) }
        Logger.current.notice("account deleted by its user", metadata: ["user": "\(visitor.user.id)"])
        let frames = try await frontChannel.frames(of: ended.first { $0.id == visitor.session.id })
        return done.done("account_deleted", next: done.signIn).loading(frames).setting(gate.sessions.clearing())
    }

    private func page(_ request: Request, _ visitor: AccountGate.Visitor, error: String? = nil) -> Response {
        var (page, cookie) = gate.page("delete-account", at: path, for: visitor, request)
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
