import FoundationEssentials

/// The issuer identifier and the addresses below it (RFC 8414 §2; OpenID Connect Discovery §3).
package struct Issuer: Hashable, Sendable {
    /// Exactly as configured and as it stands in every token.
    package let identifier: String
    /// `host` or `host:port`.
    package let authority: String
    /// In lower case, without a port.
    package let host: String
    /// As configured; `nil` where it is the scheme's own and not written.
    package let port: Int?
    /// As browsers write it: `scheme://host`, and the port unless it is the scheme's own (RFC 6454 §6.2).
    package let origin: String
    /// Without a slash at the end; empty at the root.
    package let path: String
    package let isSecure: Bool

    /// Throws a sentence that says what is wrong. `http` is for loopback hosts only: elsewhere tokens would travel
    /// in the clear.
    package init(_ identifier: String) throws(InvalidIssuer) {
        guard let url = URL(string: identifier), let host = url.host(), !host.isEmpty, let scheme = url.scheme else {
            throw InvalidIssuer(reason: "is not a URL")
        }
        guard url.query() == nil, url.fragment() == nil, url.user() == nil, !identifier.contains("?") else {
            throw InvalidIssuer(reason: "must have no query, fragment or user")
        }
        // As much as a key of the database takes.
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
        let standardPort = scheme == "https" ? 443 : 80
        let visiblePort = url.port.flatMap { $0 == standardPort ? nil : ":\($0)" } ?? ""
        // IPv6 in brackets (RFC 3986 §3.2.2), however the parser gives it.
        let written = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        origin = "\(scheme)://\(written.lowercased())\(visiblePort)"
        port = url.port
        self.identifier = identifier
    }

    /// The absolute address of one of our paths.
    package func url(_ path: Path) -> String { identifier + path.text }

    /// The path of one of our pages, for links and redirects within the issuer.
    package func reference(_ path: Path) -> String { self.path + path.text }
}

/// Why a text cannot be an issuer identifier.
package struct InvalidIssuer: Error {
    package let reason: String
}
