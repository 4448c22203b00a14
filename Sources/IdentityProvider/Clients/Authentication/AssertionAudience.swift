/// The accepted `aud` of a client's assertions. Registered as `token_endpoint_auth_audience`, a Martlet extension.
package enum AssertionAudience: String, Sendable {
    /// Only the issuer identifier (draft-ietf-oauth-rfc7523bis).
    case issuer = "issuer"
    /// The issuer identifier or the URL of the token endpoint, for libraries that follow RFC 7523 §3.
    case tokenEndpoint = "token_endpoint"

    init(registered text: String) throws(InvalidValue) {
        guard let audience = AssertionAudience(rawValue: text) else {
            throw InvalidValue("must be issuer or token_endpoint")
        }
        self = audience
    }
}
