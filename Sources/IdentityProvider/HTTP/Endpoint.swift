import HTTPTypes

/// One entry point of the provider, as a value: a test calls it, `Server` mounts it.
package protocol Endpoint: Sendable {
    var routes: [Route] { get }
    func respond(to request: Request) async throws -> Response
    /// How this endpoint words an error: JSON for programs, unless it says otherwise.
    func response(to error: OAuthError) -> Response
}

extension Endpoint {
    package func response(to error: OAuthError) -> Response { .json(error) }
}
