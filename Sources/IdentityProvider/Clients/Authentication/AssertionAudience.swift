/// What a client may name as the `aud` of its assertions; Martlet's own `token_endpoint_auth_audience`.
package enum AssertionAudience: String, Sendable {
    /// The issuer identifier alone (draft-ietf-oauth-rfc7523bis).
    case issuer = "issuer"
    /// Also the URL of the token endpoint, for libraries that follow RFC 7523 §3.
    case tokenEndpoint = "token_endpoint"

    init(registered text: String) throws(InvalidValue) {
        guard let audience = AssertionAudience(rawValue: text) else {
            throw InvalidValue("must be issuer or token_endpoint")
        }
        self = audience
    }
}
