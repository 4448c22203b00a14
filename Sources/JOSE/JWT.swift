package import FoundationEssentials

/// A validated JSON Web Token (RFC 7519). Validation is the only way to create one.
package struct JWT: Sendable {
    package let header: JSONObject
    package let claims: JSONObject

    package init(
        validating token: String, with keys: JWKSet, rules: JWTRules, at now: Date
    ) throws(JWTError) {
        do {
            let jws = try JWS(parsing: token)
            try jws.verify(with: keys, allowing: rules.algorithms)
            header = jws.header
            claims = try Self.claims(of: jws)
        } catch {
            throw JWTError(error)
        }
        try rules.check(header: header)
        try rules.check(claims: claims, at: now.timeIntervalSince1970)
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
