import FoundationEssentials
import JOSE

/// A successful token response (RFC 6749 §5.1; OpenID Connect Core §3.1.3.3).
struct TokenResponse: Sendable {
    let accessToken: String
    /// The `token_type`.
    let scheme: AuthenticationScheme
    let issuedAt: Date
    let expiresAt: Date
    let scope: Scope
    let refreshToken: String?
    /// Those of the access token (RFC 9396 §7).
    let details: AuthorizationDetails?
    var idToken: String?

    /// Seconds until the access token expires.
    var expiresIn: Int { Int(expiresAt.timeIntervalSince(issuedAt).rounded()) }

    var json: JSONObject {
        var members: JSONObject = [
            "access_token": .string(accessToken), "token_type": .string(scheme.name), "expires_in": .integer(expiresIn),
            "scope": .string(scope.text),
        ]
        members["refresh_token"] = refreshToken.map(JSON.string)
        members["authorization_details"] = details?.json
        members["id_token"] = idToken.map(JSON.string)
        return members
    }
}
