import FoundationEssentials

/// Finds the user who may reach the application with the pass in the browser's cookie.
struct ForwardPassReader: Sendable {
    private let sealer: Sealer
    private let sessions: any SessionStore
    private let users: any UserStore
    private let signIn: SignIn
    private let now: @Sendable () -> Date

    init(_ core: Core, signIn: SignIn) {
        sealer = core.sealer
        sessions = core.stores.sessions
        users = core.stores.users
        self.signIn = signIn
        now = core.now
    }

    /// Returns the user of the pass's session, or `nil` if the session has ended or is too weak for `client`.
    func user(passing forwarded: ForwardedRequest, for client: Client, _ request: Request) async throws -> User? {
        let cookies = ForwardCookies(origin: forwarded.origin)
        guard let text = cookies.pass.value(in: request),
            let pass = try? sealer.open(ForwardPass.self, from: text, for: .forwardPass),
            pass.origin == forwarded.origin,
            let session = try await sessions.find(pass.session, at: now()),
            SignIn.Destination(client: client).admits(session),
            let user = try await users.findEnabled(session.user),
            try await signIn.policy(toward: SignIn.Destination(client: client), by: user).isSatisfied(by: session)
        else { return nil }
        return user
    }
}
