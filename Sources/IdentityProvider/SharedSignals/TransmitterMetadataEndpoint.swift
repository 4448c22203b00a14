import HTTPTypes
import JOSE

extension Path {
    /// Inserted between the host and the issuer's path (OpenID SSF §7.2).
    static func transmitterMetadata(of issuer: Issuer) -> Path { Path("/.well-known/ssf-configuration\(issuer.path)") }
}

/// The transmitter's metadata (OpenID SSF §7.1).
struct TransmitterMetadataEndpoint: Endpoint {
    private let issuer: Issuer
    private let body: [UInt8]

    init(_ core: Core) {
        issuer = core.issuer
        body = Self.document(of: issuer).serialized()
    }

    var routes: [Route] {
        [Route(.get, .transmitterMetadata(of: issuer), isSharedAcrossOrigins: true, isAtRoot: true)]
    }

    func respond(to request: Request) async throws -> Response {
        .cacheable(body, type: "application/json", tag: EntityTag(of: body), maxAge: 3_600, for: request)
    }

    private static func document(of issuer: Issuer) -> JSONObject {
        [
            "spec_version": "1_0", "issuer": .string(issuer.identifier), "jwks_uri": .string(issuer.url(.jwks)),
            "delivery_methods_supported": .array(DeliveryMethod.allCases.map { .string($0.rawValue) }),
            "configuration_endpoint": .string(issuer.url(.eventStreams)),
            "status_endpoint": .string(issuer.url(.eventStreamStatus)),
            "add_subject_endpoint": .string(issuer.url(.addEventSubject)),
            "remove_subject_endpoint": .string(issuer.url(.removeEventSubject)),
            "verification_endpoint": .string(issuer.url(.eventStreamVerification)),
            // OAuth 2.0 (CAEP Interoperability Profile §2.7).
            "authorization_schemes": [["spec_urn": "urn:ietf:rfc:6749"]],
            "default_subjects": "NONE",
        ]
    }
}
