import HTTPTypes

extension Path { static let notLinked = Path("/sign-in/upstream/not-linked") }

/// The page for users whose sign-in was to link an account at an upstream, but could not. They are signed in and go on.
struct NotLinkedEndpoint: Endpoint {
    private let pages: InteractionPages
    private let interactions: InteractionKeeper
    let routes = [Route.get(.notLinked)]

    init(_ core: Core) {
        pages = InteractionPages(core)
        interactions = InteractionKeeper(core)
    }

    func respond(to request: Request) async throws -> Response {
        try await pages.guide(request) {
            let interaction = try interactions.resume(request)
            var page = try await pages.page("not-linked", at: .notLinked, for: interaction, request)
            page.data["is_taken"] = .flag(request.parameters["problem"] == PendingLinks.Obstacle.taken.rawValue)
            page.data["continue_uri"] = .text(try interactions.location(interaction.path, interaction))
            return .page(page)
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
