import Foundation

/// The claims of request objects (RFC 9101 §4; FAPI 2.0 Message Signing §5.3).
enum RequestObject {
    /// Returns the claims of a valid object with `parameters`.
    static func claims(
        _ parameters: [Parameter], from client: String, to issuer: String,
        at now: Double = Date().timeIntervalSince1970
    ) -> [String: JSON] {
        let now = now.rounded(.down)
        var claims: [String: JSON] = [
            "iss": .string(client), "aud": .string(issuer), "jti": .string(.random()), "iat": .number(now),
            "nbf": .number(now), "exp": .number(now + 300),
        ]
        for parameter in parameters {
            // A JSON value as a JSON value (RFC 9101 §4).
            let json = parameter.name == "claims" ? JSON(parsing: parameter.value.utf8) : nil
            claims[parameter.name] = json ?? .string(parameter.value)
        }
        return claims
    }
}
