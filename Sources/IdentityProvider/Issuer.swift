import FoundationEssentials

/// The issuer identifier and the addresses below it (RFC 8414 §2; OpenID Connect Discovery §3).
package struct Issuer: Hashable, Sendable {
    /// Exactly as configured. Every token carries it in this form.
    package let identifier: String
    /// `host` or `host:port`.
    package let authority: String
    /// Lowercase, without the port.
    package let host: String
    /// `nil` if the configured identifier has no port.
    package let port: Int?
    /// As browsers serialize it: `scheme://host`, with the port unless it is the scheme's default (RFC 6454 §6.2).
    package let origin: String
    /// Without a trailing slash; empty at the root.
    package let path: String
    package let isSecure: Bool

    /// Throws the reason why `identifier` is invalid. `http` is allowed for loopback hosts only, because tokens would
    /// travel unencrypted to any other host.
    package init(_ identifier: String) throws(InvalidIssuer) {
        guard let url = URL(string: identifier), let host = url.host(), !host.isEmpty, let scheme = url.scheme else {
            throw InvalidIssuer(reason: "is not a URL")
        }
        guard url.query() == nil, url.fragment() == nil, url.user() == nil, !identifier.contains("?") else {
            throw InvalidIssuer(reason: "must not have a query, fragment or user")
        }
        // The width of the issuer column in database keys.
        guard identifier.utf8.count <= 255 else { throw InvalidIssuer(reason: "must be at most 255 characters") }
        guard !identifier.hasSuffix("/") else { throw InvalidIssuer(reason: "must not end with a slash") }
        switch scheme {
        case "https": isSecure = true
        case "http" where ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host): isSecure = false
        default: throw InvalidIssuer(reason: "must be https (http only for localhost)")
        }
        let afterScheme = identifier.dropFirst(scheme.count + 3)
        authority = String(afterScheme.prefix { $0 != "/" })
        path = String(afterScheme.dropFirst(authority.count))
        self.host = host.lowercased()
        origin = Origin.serialized(scheme: scheme, host: host, port: url.port)
        port = url.port
        self.identifier = identifier
    }

    /// Returns the absolute URL of a path below the issuer.
    package func url(_ path: Path) -> String { identifier + path.text }

    /// Returns the path from the root of the host, for links and redirects within the issuer.
    package func reference(_ path: Path) -> String { self.path + path.text }
}

package struct InvalidIssuer: Error {
    /// Continues a sentence that starts with the identifier: "must not end with a slash".
    package let reason: String
}
