extension Path { static let switchAccount = Path("/account/switch") }

/// Leads from the account page to the account chooser, and from there back to the account page of the chosen account.
struct SwitchAccountEndpoint: Endpoint {
    private let interactions: InteractionKeeper
    let routes = [Route.get(.switchAccount)]

    init(_ core: Core) { interactions = InteractionKeeper(core) }

    func respond(to request: Request) async throws -> Response {
        let visit = interactions.make(.signIn(SignInRequest(location: Path.account.text)))
        let (interaction, cookie) = interactions.bind(visit, in: request)
        return Response.redirect(to: try interactions.location(.selectAccount, interaction)).setting(cookie)
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
