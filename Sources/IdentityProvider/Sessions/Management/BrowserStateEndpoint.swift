/// Keeps the browser state in step with the session cookie, whichever endpoint sets it.
struct BrowserStateEndpoint: Endpoint {
    let base: any Endpoint
    let state: BrowserState

    var routes: [Route] { base.routes }
    func response(to error: OAuthError) -> Response { base.response(to: error) }

    func respond(to request: Request) async throws -> Response {
        let response = try await base.respond(to: request)
        return response.setting(state.setting(following: response, to: request))
    }
}
