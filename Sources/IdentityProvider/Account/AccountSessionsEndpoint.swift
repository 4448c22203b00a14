import FoundationEssentials
import HTTPTypes

/// Where people end their sessions, with all that applications were granted in them, and make remembered browsers strangers
/// again.
struct AccountSessionsEndpoint: AccountActionEndpoint {
    let gate: AccountGate
    let access: OpenAccess
    let audit: AuditLog
    let routes = [Route.post("/account/sessions", rateLimit: .guessing)]

    init(_ core: Core) {
        gate = AccountGate(core)
        access = OpenAccess(core)
        audit = core.audit
    }

    func act(_ request: Request, for user: User) async throws {
        if let id = request.parameters["end"] {
            try await end(Identifier(rawValue: id), of: user)
        } else if let id = request.parameters["forget"] {
            guard try await access.devices.forget(Identifier(rawValue: id), of: user.id) else { return }
            audit.record(.deviceRevoked(all: false), user: user.id)
        } else if request.parameters["everywhere"] != nil {
            try await access.end(of: user.id)
            audit.record(.sessionsEnded, user: user.id)
            audit.record(.deviceRevoked(all: true), user: user.id)
        }
    }

    private func end(_ id: Identifier<Session>, of user: User) async throws {
        // Another person's is as good as none.
        guard try await access.sessions.sessions(of: user.id, at: access.now()).contains(where: { $0.id == id }) else {
            return
        }
        try await access.end(id)
        audit.record(.signedOut, user: user.id, session: id)
    }
}
