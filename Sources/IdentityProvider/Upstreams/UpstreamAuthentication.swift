import JOSE

/// How Martlet authenticates at an upstream's token endpoint.
enum UpstreamAuthentication: Sendable, Hashable {
    case secretBasic
    case secretPost
    /// OpenID Connect Core §9, with this algorithm.
    case privateKeyJWT(SignatureAlgorithm, keyID: String?, AssertionAudience)
    /// A client secret that is a JWT signed with ES256 (Sign in with Apple, "Creating a client secret").
    case apple(teamID: String, keyID: String)

    init(_ reader: inout DocumentReader) {
        let (team, key) = (reader.text("team_id"), reader.text("key_id"))
        guard reader.text("preset") != UpstreamPreset.apple.rawValue else {
            for member in Self.methodMembers { reader.refuse(member, "is set by the preset apple; remove it") }
            self = .apple(teamID: team ?? "", keyID: key ?? "")
            return
        }
        let method = reader.text("token_endpoint_auth_method") ?? "client_secret_basic"
        let algorithm = reader.value("token_endpoint_auth_signing_alg", Self.algorithm)
        let audience = reader.value("token_endpoint_auth_audience", AssertionAudience.init(registered:))
        switch method {
        case "client_secret_basic": self = .secretBasic
        case "client_secret_post": self = .secretPost
        case "private_key_jwt":
            self = .privateKeyJWT(algorithm ?? .es256, keyID: key, audience ?? .issuer)
            return
        default:
            reader.report(
                "token_endpoint_auth_method", "must be client_secret_basic, client_secret_post or private_key_jwt")
            self = .secretBasic
        }
        for member in ["token_endpoint_auth_signing_alg", "token_endpoint_auth_audience", "key_id"] {
            reader.refuse(member, "is allowed only for private_key_jwt")
        }
    }

    private static let methodMembers = [
        "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "token_endpoint_auth_audience",
    ]

    /// The member of the resource file with its secret.
    var secretMember: String {
        switch self {
        case .secretBasic, .secretPost: "client_secret"
        case .privateKeyJWT, .apple: "private_key"
        }
    }

    private static func algorithm(_ text: String) throws(InvalidValue) -> SignatureAlgorithm {
        let algorithm = SignatureAlgorithm(rawValue: text)
        guard SignatureAlgorithm.asymmetric.contains(algorithm) else {
            throw InvalidValue(
                "must be one of \(SignatureAlgorithm.asymmetric.map(\.rawValue).joined(separator: ", "))")
        }
        return algorithm
    }
}
