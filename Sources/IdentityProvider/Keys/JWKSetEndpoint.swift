import HTTPTypes

extension Path { static let jwks = Path("/jwks") }

/// Serves the JWK Set that verifies our tokens (RFC 7517 §5).
struct JWKSetEndpoint: Endpoint {
    let ring: KeyRing
    let routes = [Route.get(.jwks, isSharedAcrossOrigins: true)]

    init(_ core: Core) {
        ring = core.keys
    }

    func respond(to request: Request) async throws -> Response {
        let publication = ring.publication
        return .cacheable(
            publication.body, type: "application/json", tag: publication.entityTag, maxAge: 300, for: request)
    }

    func describe(in metadata: inout ServerMetadata) { metadata["jwks_uri"] = metadata.url(.jwks) }
}
