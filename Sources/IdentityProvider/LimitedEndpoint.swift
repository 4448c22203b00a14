/// Enforces the limits of an endpoint's routes.
struct LimitedEndpoint: Endpoint {
    let base: any Endpoint
    let limiter: RequestLimiter

    var routes: [Route] { base.routes }
    func response(to error: OAuthError) -> Response { base.response(to: error) }

    func respond(to request: Request) async throws -> Response {
        guard let route = routes.first(where: { $0.method == request.method && $0.path.text == request.path }) else {
            return try await base.respond(to: request)
        }
        return try await limiter.respond(to: request, at: route) { try await base.respond(to: request) }
    }
}
