import HTTPTypes

/// One entry point of the provider, as a value: tests call it, `Server` mounts it.
package protocol Endpoint: Sendable {
    var routes: [Route] { get }
    func respond(to request: Request) async throws -> Response
    /// Returns the status and body of an error response; JSON by default. `refusal(_:)` adds the header fields.
    func response(to error: OAuthError) -> Response
    /// Adds the endpoint to the server metadata (RFC 8414 §2). Adds nothing by default.
    func describe(in metadata: inout ServerMetadata)
}

extension Endpoint {
    package func response(to error: OAuthError) -> Response { .json(error) }
    package func describe(in metadata: inout ServerMetadata) {}

    /// Returns the complete error response: `response(to:)` with the error's header fields, except those that the
    /// endpoint set itself.
    package func refusal(_ error: OAuthError) -> Response {
        var response = response(to: error)
        let own = response.headers
        for field in error.headers where own[field.name] == nil { response.headers.append(field) }
        return response
    }
}
