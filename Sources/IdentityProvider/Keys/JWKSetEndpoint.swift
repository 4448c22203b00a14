import HTTPTypes

/// The JWK Set with which others verify our tokens (RFC 7517 §5).
struct JWKSetEndpoint: Endpoint {
    let ring: KeyRing
    let routes = [Route.get("/jwks", isSharedAcrossOrigins: true)]

    init(_ core: Core) {
        ring = core.keys
    }

    func respond(to request: Request) async throws -> Response {
        let publication = ring.publication
        let headers: HTTPFields = [
            .contentType: "application/json", .cacheControl: "public, max-age=300",
            .eTag: publication.entityTag,
        ]
        if request.headers[.ifNoneMatch] == publication.entityTag {
            return Response(status: .notModified, headers: headers)
        }
        return Response(headers: headers, body: .bytes(publication.body))
    }
}
