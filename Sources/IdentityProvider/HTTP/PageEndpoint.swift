import HTTPTypes

/// The endpoint of a page: `GET` shows it, `POST` submits it. A form without a valid token, or from another origin,
/// never reaches `submit`.
package protocol PageEndpoint: Endpoint {
    var formToken: FormToken { get }
    func show(_ request: Request) async throws -> Response
    func submit(_ request: Request) async throws -> Response
}

extension PageEndpoint {
    package func respond(to request: Request) async throws -> Response {
        guard request.method == .post else { return try await show(request) }
        try formToken.verify(request)
        return try await submit(request)
    }

    package func response(to error: OAuthError) -> Response { .page(error) }
}
