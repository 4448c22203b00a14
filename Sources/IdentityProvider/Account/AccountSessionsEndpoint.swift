import FoundationEssentials
import HTTPTypes

/// Where people end their sessions and make remembered browsers strangers again. Safety needs no fresh sign-in.
struct AccountSessionsEndpoint: Endpoint {
    let gate: AccountGate
    let sessions: any SessionStore
    let devices: any DeviceStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post("/account/sessions", rateLimit: .guessing)]

    func respond(to request: Request) async throws -> Response {
        try gate.formToken.verify(request)
        guard case .visitor(let visitor) = try await gate.enter(request, to: "/account") else { return gate.overview() }
        if let id = request.parameters["end"] {
            try await end(Identifier(rawValue: id), of: visitor.user)
        } else if let id = request.parameters["forget"] {
            if try await devices.forget(Identifier(rawValue: id), of: visitor.user.id) {
                audit.record(.deviceRevoked(all: false), user: visitor.user.id)
            }
        } else if request.parameters["everywhere"] != nil {
            try await sessions.endAll(of: visitor.user.id, at: now())
            try await devices.forgetAll(of: visitor.user.id)
            audit.record(.sessionsEnded, user: visitor.user.id)
            audit.record(.deviceRevoked(all: true), user: visitor.user.id)
        }
        return gate.overview()
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func end(_ id: Identifier<Session>, of user: User) async throws {
        // Another person's is as good as none.
        guard try await sessions.sessions(of: user.id, at: now()).contains(where: { $0.id == id }) else { return }
        try await sessions.end(id, at: now())
        audit.record(.signedOut, user: user.id, session: id)
    }
}
