import HTTPTypes

/// One entry point of the provider, as a value: a test calls it, `Server` mounts it.
package protocol Endpoint: Sendable {
    var routes: [Route] { get }
    func respond(to request: Request) async throws -> Response
    /// The body and status of an error response; JSON by default. `refusal(_:)` adds the header fields of the error.
    func response(to error: OAuthError) -> Response
    /// Adds what the endpoint is and supports (RFC 8414 §2). Nothing by default.
    func describe(in metadata: inout ServerMetadata)
}

extension Endpoint {
    package func response(to error: OAuthError) -> Response { .json(error) }
    package func describe(in metadata: inout ServerMetadata) {}

    /// The complete response to an error: `response(to:)` with the error's header fields, where the endpoint did not set
    /// its own.
    package func refusal(_ error: OAuthError) -> Response {
        var response = response(to: error)
        let own = response.headers
        for field in error.headers where own[field.name] == nil { response.headers.append(field) }
        return response
    }
}
