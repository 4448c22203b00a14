import HTTPTypes
import JOSE

extension Path {
    static let openIDConfiguration = Path("/.well-known/openid-configuration")

    /// RFC 8414 §3.1 inserts the well-known path before the issuer's path; OpenID Connect appends it.
    static func authorizationServerMetadata(of issuer: Issuer) -> Path {
        Path("/.well-known/oauth-authorization-server\(issuer.path)")
    }
}

/// The metadata document (OpenID Connect Discovery §4; RFC 8414 §3). It reflects changes to the resource
/// servers and attributes.
struct MetadataEndpoint: Endpoint {
    private let issuer: Issuer
    private let metadata: ServerMetadata
    private let resources: CachedResourceServers
    private let attributes: CachedAttributes

    init(_ core: Core, metadata: ServerMetadata) {
        issuer = core.issuer
        resources = core.resources
        attributes = core.attributes
        self.metadata = metadata
    }

    var routes: [Route] {
        [
            .get(.openIDConfiguration, isSharedAcrossOrigins: true),
            Route(.get, .authorizationServerMetadata(of: issuer), isSharedAcrossOrigins: true, isAtRoot: true),
        ]
    }

    func respond(to request: Request) async throws -> Response {
        let servers = try await resources.catalog().servers
        let body = metadata.document(
            scopes: servers.flatMap(\.scopes),
            detailsTypes: servers.flatMap { $0.authorizationDetailsTypes.map(\.name) },
            claims: try await attributes.catalog().publicClaims
        ).serialized()
        return .cacheable(body, type: "application/json", tag: EntityTag(of: body), maxAge: 3_600, for: request)
    }
}
