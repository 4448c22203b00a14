import HTTPTypes

extension HTTPField.Name {
    static let referrerPolicy = known("Referrer-Policy")
    static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    static let frameOptions = known("X-Frame-Options")
    static let permissionsPolicy = known("Permissions-Policy")
    static let requestID = known("X-Request-Id")
    static let forwarded = known("Forwarded")
    static let forwardedFor = known("X-Forwarded-For")

    /// Creates a name from a literal in this file. All are well-formed; the fallback only avoids a force unwrap.
    private static func known(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .via }
}
