import FoundationEssentials
import HTTPTypes

extension Path { static let accountSessions = Path("/account/sessions") }

/// Ends a user's sessions, with everything granted to applications in them, and forgets trusted browsers.
struct AccountSessionsEndpoint: AccountActionEndpoint {
    let gate: AccountGate
    let sessions: any SessionStore
    let devices: any DeviceStore
    let sessionEnd: SessionEnd
    let signOut: SignOut
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post(.accountSessions, rateLimit: .requests)]

    init(_ core: Core) {
        gate = AccountGate(core)
        sessions = core.stores.sessions
        devices = core.stores.devices
        sessionEnd = SessionEnd(core)
        signOut = SignOut(core)
        audit = core.audit
        now = core.now
    }

    func act(_ request: Request, for visitor: AccountGate.Visitor) async throws -> Response? {
        let user = visitor.user
        if request.parameters["here"] != nil {
            return try await signOut.end(visitor.session, SignOutRequest(), request)
        } else if let id = request.parameters["end"] {
            try await end(Identifier(rawValue: id), of: user)
        } else if let id = request.parameters["forget"] {
            guard try await devices.forget(Identifier(rawValue: id), of: user.id) else { return nil }
            audit.record(.deviceRevoked(all: false), user: user.id)
        } else if request.parameters["everywhere"] != nil {
            let ended = try await sessionEnd.endAll(of: user.id, because: .signOutEverywhere)
            defer {
                audit.record(.sessionsEnded, user: user.id)
                audit.record(.deviceRevoked(all: true), user: user.id)
            }
            return try await signOut.leave(visitor.session, endedWith: ended)
        }
        return nil
    }

    private func end(_ id: Identifier<Session>, of user: User) async throws {
        // Another user's session is treated as unknown.
        let own = try await sessions.sessions(of: user.id, at: now())
        guard own.contains(where: { $0.id == id }) else { return }
        try await sessionEnd.end(id, because: .remoteSignOut)
        audit.record(.signedOut, user: user.id, session: id)
    }
}
