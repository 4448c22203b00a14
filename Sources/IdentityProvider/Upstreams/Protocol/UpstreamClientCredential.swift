import FoundationEssentials
import HTTPTypes
import JOSE

/// Authenticates Martlet's token requests at upstreams (RFC 6749 §2.3, OpenID Connect Core §9).
struct UpstreamClientCredential: Sendable {
    private let sealer: Sealer
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        sealer = core.sealer
        now = core.now
    }

    /// Returns the parameters and the `Authorization` field that prove who Martlet is at `upstream`.
    func proof(
        for upstream: Upstream, at metadata: UpstreamMetadata
    ) async throws -> (form: [(name: String, value: String)], authorization: String?) {
        let id = (name: "client_id", value: upstream.clientID)
        let secret = try secret(of: upstream)
        switch upstream.authentication {
        case .secretBasic:
            // Encoded first, so that a colon in the identifier is unambiguous (RFC 6749 §2.3.1).
            let pair = "\(FormEncoding.encode(upstream.clientID)):\(FormEncoding.encode(secret))"
            return ([], "Basic \(Data(pair.utf8).base64EncodedString())")
        case .secretPost: return ([id, ("client_secret", secret)], nil)
        case .privateKeyJWT(let algorithm, let keyID, let audience):
            // By default the issuer, so that no other server can have an assertion that is meant for this one
            // (draft-ietf-oauth-rfc7523bis §4).
            let endpoint = metadata.tokenEndpoint
            let assertion = try await assertion(
                from: upstream.clientID, to: audience == .issuer ? metadata.issuer ?? endpoint : endpoint, upstream,
                type: "JWT", Self.signer(secret, algorithm, keyID: keyID))
            let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            return ([id, ("client_assertion_type", type), ("client_assertion", assertion)], nil)
        case .apple(let teamID, let keyID):
            let assertion = try await assertion(
                from: teamID, to: metadata.issuer ?? metadata.tokenEndpoint, upstream, type: nil,
                Self.signer(secret, .es256, keyID: keyID))
            return ([id, ("client_secret", assertion)], nil)
        }
    }

    private func assertion(
        from issuer: String, to audience: String, _ upstream: Upstream, type: String?, _ signer: any Signer
    ) async throws -> String {
        let moment = Int(now().timeIntervalSince1970)
        let claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(upstream.clientID), "aud": .string(audience),
            "jti": .string(Base64URL.encode(RandomBytes.make(16))), "iat": .integer(moment),
            "exp": .integer(moment + Self.lifetime),
        ]
        return try await JWT.sign(claims, type: type, with: signer)
    }

    private static func signer(
        _ pem: String, _ algorithm: SignatureAlgorithm, keyID: String?
    ) throws -> any Signer {
        try PrivateKey(pem: pem, for: algorithm).signer(keyID: keyID)
    }

    private func secret(of upstream: Upstream) throws -> String {
        do { return try sealer.secret(of: upstream) } catch {
            throw UpstreamMistake(
                "the stored secret is not the one of this upstream and its issuer or token_endpoint; apply its file again"
            )
        }
    }

    /// In seconds.
    private static let lifetime = 300
}
