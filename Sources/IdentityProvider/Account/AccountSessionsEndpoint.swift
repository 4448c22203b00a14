import FoundationEssentials
import HTTPTypes

/// Where people end their sessions and make remembered browsers strangers again.
struct AccountSessionsEndpoint: AccountActionEndpoint {
    let gate: AccountGate
    let sessions: any SessionStore
    let devices: any DeviceStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post("/account/sessions", rateLimit: .guessing)]

    func act(_ request: Request, for user: User) async throws {
        if let id = request.parameters["end"] {
            try await end(Identifier(rawValue: id), of: user)
        } else if let id = request.parameters["forget"] {
            guard try await devices.forget(Identifier(rawValue: id), of: user.id) else { return }
            audit.record(.deviceRevoked(all: false), user: user.id)
        } else if request.parameters["everywhere"] != nil {
            try await sessions.endAll(of: user.id, at: now())
            try await devices.forgetAll(of: user.id)
            audit.record(.sessionsEnded, user: user.id)
            audit.record(.deviceRevoked(all: true), user: user.id)
        }
    }

    private func end(_ id: Identifier<Session>, of user: User) async throws {
        // Another person's is as good as none.
        guard try await sessions.sessions(of: user.id, at: now()).contains(where: { $0.id == id }) else { return }
        try await sessions.end(id, at: now())
        audit.record(.signedOut, user: user.id, session: id)
    }
}
