import FoundationEssentials
import JOSE

/// Decodes the issuer's access tokens. Doesn't check revocation; `BearerAuthenticator` does.
struct AccessTokenReader: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer
    private let ring: KeyRing
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        ring = core.keys
        now = core.now
    }

    /// Returns `nil` unless this issuer issued the token and it hasn't expired.
    func read(_ text: String) async throws -> AccessToken? {
        guard text.contains(".") else {
            guard let token = try? sealer.open(AccessToken.self, from: text, for: .accessToken) else { return nil }
            return token.expiresAt > now() ? token : nil
        }
        // `typ` prevents the use of an ID Token as an access token (RFC 9068 §4).
        let rules = JWTRules(
            algorithms: Set(KeyRing.algorithms), issuer: issuer.identifier, types: ["at+jwt"], expiry: .required,
            skew: 0, required: ["sub", "client_id", "jti", "iat"])
        guard let jwt = try? JWT(validating: text, with: ring.verificationKeys, rules: rules, at: now()) else {
            return nil
        }
        return AccessToken(claims: jwt.claims)
    }

    /// Returns the authorization that a token names, even if the token has expired or the key that signed it is gone.
    /// The result is unverified: use it only to refuse a token that contradicts a verified one.
    func unverifiedAuthorization(in text: String) -> Identifier<Authorization>? {
        guard text.contains(".") else {
            return (try? sealer.open(AccessToken.self, from: text, for: .accessToken))?.authorization
        }
        guard let claims = try? JWT.unverifiedClaims(of: text),
            claims["iss"]?.string?.isExactly(issuer.identifier) == true
        else { return nil }
        return AccessToken(claims: claims)?.authorization
    }
}
