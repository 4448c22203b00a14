package import FoundationEssentials

/// A validated JSON Web Token (RFC 7519). Validation is the only way to create one.
package struct JWT: Sendable {
    package let header: JSONObject
    package let claims: JSONObject

    package init(
        validating token: String, with keys: JWKSet, rules: JWTRules, at now: Date
    ) throws(JWTError) {
        let jws: JWS
        do { jws = try JWS(parsing: token) } catch { throw JWTError(error) }
        try self.init(validating: jws, with: keys, rules: rules, at: now)
    }

    private init(
        validating jws: JWS, with keys: JWKSet, rules: JWTRules, at now: Date
    ) throws(JWTError) {
        do {
            try jws.verify(with: keys, allowing: rules.algorithms)
            header = jws.header
            claims = try Self.claims(of: jws)
        } catch {
            throw JWTError(error)
        }
        try rules.check(header: header)
        try rules.check(claims: claims, at: now.timeIntervalSince1970)
    }

    /// Validates a token that is signed with the key in its own header: a proof that its sender has that key
    /// (RFC 9449 §4.2). The key proves nothing else.
    package static func proof(
        validating token: String, rules: JWTRules, at now: Date
    ) throws(JWTError) -> (token: JWT, key: JWK) {
        guard let jws = try? JWS(parsing: token), let object = jws.header["jwk"]?.object else { throw .malformed }
        // Before the key is decoded, which costs more.
        try rules.check(header: jws.header)
        let key: JWK
        do { key = try JWK(object) } catch { throw .unknownKey }
        return (try JWT(validating: jws, with: JWKSet(keys: [key]), rules: rules, at: now), key)
    }

    package static func sign(
        _ claims: JSONObject, type: String?, with signer: any Signer
    ) async throws -> String {
        try await JWS.sign(claims.serialized(), type: type, with: signer)
    }

    /// Returns claims whose signature has not been verified, only for choosing the keys.
    package static func unverifiedClaims(of token: String) throws(JWSError) -> JSONObject {
        try claims(of: JWS(parsing: token))
    }

    private static func claims(of jws: JWS) throws(JWSError) -> JSONObject {
        guard let claims = try? JSONObject(parsing: jws.payload) else { throw .malformed }
        return claims
    }
}
