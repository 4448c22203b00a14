package import JOSE

/// Reads claims without verifying the signature, for tokens that the test has just received.
package enum JWTClaims {
    package static func of(_ token: String?) throws -> JSONObject {
        guard let token else { throw Unexpected("no token") }
        return try JWT.unverifiedClaims(of: token)
    }
}
