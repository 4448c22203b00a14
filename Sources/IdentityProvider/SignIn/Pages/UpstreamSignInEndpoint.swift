import HTTPTypes

/// Sends the browser to the upstream that the user chose on the sign-in page. A link leads here instead of a form,
/// because browsers apply `form-action` to every redirect after a form, including those of the upstream. The interaction
/// is bound to the browser, so no other site can start a sign-in.
struct UpstreamSignInEndpoint: Endpoint {
    let starter: UpstreamStarter
    let failures: UpstreamFailures
    let choices: UpstreamChoices
    let interactions: InteractionKeeper
    let pages: InteractionPages
    let routes = [Route.get(.upstreamSignIn, rateLimit: .requests)]

    init(_ core: Core) {
        starter = UpstreamStarter(core)
        failures = UpstreamFailures(core)
        choices = UpstreamChoices(core)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
    }

    func respond(to request: Request) async throws -> Response {
        try await pages.guide(request) {
            var interaction = try interactions.resume(request)
            guard let upstream = try await choices.allowed(for: interaction).named(request.parameters["upstream"])
            else { return .redirect(to: try interactions.location(.signIn, interaction) + "&problem=upstream_lost") }
            interaction.forwarded = upstream.id
            do { return try await starter.start(upstream, for: .signIn(interaction), in: request) } catch let failure
                as UpstreamFailure
            {
                return try failures.response(to: failure, of: .signIn(interaction))
            }
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
