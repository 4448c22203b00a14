extension Path { static let `continue` = Path("/continue") }

/// Advances the interaction of a `SignInRequest`. Pages send the browser back here, as they send it to the
/// authorization endpoint during an authorization request.
struct ContinueEndpoint: Endpoint {
    private let loop: InteractionLoop
    private let pages: InteractionPages
    let routes = [Route.get(.continue)]

    init(_ core: Core, loop: InteractionLoop) {
        pages = InteractionPages(core)
        self.loop = loop
    }

    func respond(to request: Request) async throws -> Response {
        try await pages.guide(request) { try await proceed(request) }
    }

    private func proceed(_ request: Request) async throws -> Response {
        let interaction = try loop.interactions.resume(request)
        guard case .signIn(let signIn) = interaction.purpose else { throw OAuthError.interactionLost }
        switch try await loop.advance(interaction, request) {
        case .step(let response): return response
        case .done:
            let isOurs = signIn.location.hasPrefix("/")
            return .redirect(to: isOurs ? loop.interactions.issuer.path + signIn.location : signIn.location)
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
