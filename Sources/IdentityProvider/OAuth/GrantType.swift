/// The `grant_type` of a token request (RFC 6749 §4; IANA OAuth Parameters).
package struct GrantType: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let authorizationCode = GrantType(rawValue: "authorization_code")
    package static let refreshToken = GrantType(rawValue: "refresh_token")
    package static let clientCredentials = GrantType(rawValue: "client_credentials")
    /// RFC 8628 §3.4.
    package static let deviceCode = GrantType(rawValue: "urn:ietf:params:oauth:grant-type:device_code")
}
