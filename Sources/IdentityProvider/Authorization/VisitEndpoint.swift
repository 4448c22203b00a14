import Tracing

/// Where pages send the browser back on the way to a visit, as to the authorization endpoint on the way to a client.
struct VisitEndpoint: Endpoint {
    let sessions: SessionCookie
    let signIn: SignIn
    let interactions: InteractionKeeper
    let steps: InteractionSteps
    let routes = [Route.get("/continue")]

    init(_ core: Core, steps: InteractionSteps) {
        sessions = SessionCookie(core)
        signIn = steps.signIn
        interactions = InteractionKeeper(core)
        self.steps = steps
    }

    func respond(to request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        guard case .visit(let visit) = interaction.purpose else { throw OAuthError.interactionLost }
        let current = try await sessions.current(request)
        let destination = try await steps.destination(of: interaction)
        let policy = try await signIn.policy(toward: destination, by: current?.user)
        let step = try withSpan("sign-in step") { span in
            let step = try interaction.nextStep(
                session: current?.session, policy: policy, client: nil, remembered: [])
            span.attributes["martlet.step"] = step.name
            return step
        }
        guard case .respond = step else {
            return try await steps.take(step, of: interaction, by: current?.user, toward: destination, request)
        }
        return .redirect(
            to: visit.location.hasPrefix("/") ? interactions.issuer.reference(visit.location) : visit.location)
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
