import FoundationEssentials
import HTTPTypes

extension Path { static let accountSessions = Path("/account/sessions") }

/// Where people end their sessions, with all that applications were granted in them, and make remembered browsers strangers
/// again.
struct AccountSessionsEndpoint: AccountActionEndpoint {
    let gate: AccountGate
    let sessionEnd: SessionEnd
    let audit: AuditLog
    let routes = [Route.post(.accountSessions, rateLimit: .guessing)]

    init(_ core: Core) {
        gate = AccountGate(core)
        sessionEnd = SessionEnd(core)
        audit = core.audit
    }

    func act(_ request: Request, for user: User) async throws {
        if let id = request.parameters["end"] {
            try await end(Identifier(rawValue: id), of: user)
        } else if let id = request.parameters["forget"] {
            guard try await sessionEnd.devices.forget(Identifier(rawValue: id), of: user.id) else { return }
            audit.record(.deviceRevoked(all: false), user: user.id)
        } else if request.parameters["everywhere"] != nil {
            try await sessionEnd.endAll(of: user.id, because: .signOutEverywhere)
            audit.record(.sessionsEnded, user: user.id)
            audit.record(.deviceRevoked(all: true), user: user.id)
        }
    }

    private func end(_ id: Identifier<Session>, of user: User) async throws {
        // Another person's is as good as none.
        let own = try await sessionEnd.sessions.sessions(of: user.id, at: sessionEnd.now())
        guard own.contains(where: { $0.id == id }) else { return }
        try await sessionEnd.end(id, because: .remoteSignOut)
        audit.record(.signedOut, user: user.id, session: id)
    }
}
