import Crypto
import FoundationEssentials
import JOSE

/// The content of an ID Token (OpenID Connect Core §2, §3.1.3.6).
struct IDToken: Sendable {
    let issuer: Issuer
    let client: Client
    let granted: Granted
    let user: User
    let entitlements: Entitlements
    let attributes: UserAttributes
    /// May be narrower than the granted scope (RFC 6749 §6).
    let scope: Scope
    let accessToken: String
    let issuedAt: Date
    let expiresAt: Date

    /// The names of the claims about the token and the sign-in. Claims about the user are not included.
    static let claimNames = [
        "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash",
    ]

    /// Claims requested by scope are returned by the userinfo endpoint instead, because an access token is always
    /// issued (OpenID Connect Core §5.4), unless the client is registered with `id_token_claims: scope`. Claims requested
    /// for the ID Token by the `claims` parameter are included (§5.5).
    var claims: JSONObject {
        // First, so that they can't replace other claims.
        var claims = client.hasScopeClaimsInIDToken ? attributes.released(for: scope, to: client.id) : [:]
        claims.merge(
            attributes.requested(granted.claims?.idToken ?? [], for: granted.consentedScope, to: client.id))
        claims.merge([
            "iss": .string(issuer.identifier), "sub": .string(user.id.rawValue), "aud": .string(client.id.rawValue),
            "exp": .integer(Int(expiresAt.timeIntervalSince1970)),
            "iat": .integer(Int(issuedAt.timeIntervalSince1970)), "azp": .string(client.id.rawValue),
        ])
        if let moment = granted.authenticatedAt { claims["auth_time"] = .integer(Int(moment.timeIntervalSince1970)) }
        claims["nonce"] = granted.nonce.map(JSON.string)
        claims["acr"] = granted.acr.map(JSON.string)
        if !granted.amr.isEmpty { claims["amr"] = .array(granted.amr.map(JSON.string)) }
        claims["sid"] = granted.session.map { .string($0.rawValue) }
        claims["at_hash"] = .string(Self.halfHash(accessToken, for: client.algorithms.idToken))
        claims.merge(
            client.hasScopeClaimsInIDToken
                ? Claims.released(of: user, with: entitlements, for: scope) : Claims.released(entitlements, for: scope))
        claims.merge(Claims.requested(granted.claims?.idToken ?? [], of: user, with: entitlements))
        return claims
    }

    /// Returns `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that the signature algorithm uses.
    private static func halfHash(_ token: String, for algorithm: SignatureAlgorithm) -> String {
        let bytes = Array(token.utf8)
        let hash: [UInt8] =
            switch algorithm {
            case .es384, .ps384: Array(SHA384.hash(data: bytes))
            // Ed25519 signs with SHA-512 (RFC 8032 §5.1).
            case .ed25519: Array(SHA512.hash(data: bytes))
            default: Array(SHA256.hash(data: bytes))
            }
        return Base64URL.encode(Array(hash.prefix(hash.count / 2)))
    }
}
