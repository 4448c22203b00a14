import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let forwardSignIn = Path("/api/auth/forward/sign-in") }

/// Signs a user in for an application behind a proxy and sends them back with a ticket for its origin.
struct ForwardSignInEndpoint: Endpoint {
    let clients: CachedClients
    let sessions: SessionCookie
    let signIn: SignIn
    let interactions: InteractionKeeper
    let sealer: Sealer
    let lifetimes: Lifetimes
    let now: @Sendable () -> Date
    let routes = [Route.get(.forwardSignIn)]

    init(_ core: Core, signIn: SignIn) {
        clients = core.clients
        sessions = SessionCookie(core)
        self.signIn = signIn
        interactions = InteractionKeeper(core)
        sealer = core.sealer
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        let text = try request.parameters.required("request")
        guard let asked = try? sealer.open(ForwardSignIn.self, from: text, for: .forwardSignIn),
            // The origin may have been removed from the client since.
            let client = try await clients.client(protecting: asked.origin)
        else { throw OAuthError.interactionLost }
        guard now() < asked.startedAt.addingTimeInterval(lifetimes.interaction) else {
            throw OAuthError.interactionLost.leading(to: client.application(at: asked.origin))
        }
        // With a session that the proxy then refuses, the browser would go back and forth without end.
        guard let (session, user) = try await sessions.current(request),
            SignIn.Destination(client: client).admits(session),
            try await signIn.policy(toward: SignIn.Destination(client: client), by: user).isSatisfied(by: session)
        else {
            let signIn = SignInRequest(
                location: Path.forwardSignIn.text + "?request=\(text)", name: client.name, client: client.id,
                source: asked.origin)
            return try interactions.start(signIn, in: request)
        }
        return .redirect(to: try destination(of: asked, in: session))
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    /// Uses the origin sealed when the proxy asked, so that nobody can substitute another.
    private func destination(of signIn: ForwardSignIn, in session: Session) throws -> String {
        let ticket = ForwardTicket(
            id: Identifier<ForwardTicket>.random().rawValue, origin: signIn.origin, uri: signIn.uri,
            browser: signIn.browser, session: session.id,
            expiresAt: now().addingTimeInterval(lifetimes.authorizationCode))
        return "\(signIn.origin)\(ForwardedRequest.callback)?ticket=\(try sealer.seal(ticket, for: .forwardTicket))"
    }
}
