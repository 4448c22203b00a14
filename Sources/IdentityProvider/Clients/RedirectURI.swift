import FoundationEssentials

/// A registered redirect URI of a client (RFC 6749 §3.1.2).
package struct RedirectURI: Hashable, Sendable {
    package let text: String
    /// The parts of the URI except the port, if the host is a loopback address.
    private let loopback: LoopbackParts?

    /// Throws for URIs that must not be registered: those with a fragment or wildcard, and those with a scheme that
    /// runs script or isn't encrypted.
    package init(_ text: String) throws(InvalidValue) {
        guard URIText.isPlain(text), let url = URL(string: text), let scheme = url.scheme, url.fragment() == nil,
            !text.contains("#"), !text.contains("*")
        else { throw InvalidValue("must be an absolute URI without a fragment or wildcard") }
        loopback = LoopbackParts(text)
        switch scheme.lowercased() {
        case "https": guard url.host()?.isEmpty == false else { throw InvalidValue("must have a host") }
        case "http":
            guard loopback != nil || url.host() == "localhost" else {
                throw InvalidValue("must be https (http only for loopback hosts)")
            }
        case let scheme:
            // A private-use scheme is a reversed domain name (RFC 8252 §7.1). This rules out javascript: and data:.
            guard scheme.contains(".") else {
                throw InvalidValue("must use https or a scheme with a dot, such as com.example.app (RFC 8252 §7.1)")
            }
        }
        guard url.user() == nil else { throw InvalidValue("must not contain a user") }
        self.text = text
    }

    /// Whether only an app on the device can receive the response (RFC 8252 §7.1).
    var hasPrivateUseScheme: Bool {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        return scheme != "https" && scheme != "http"
    }

    /// Whether the host is the name `localhost`, which may resolve to another machine (RFC 8252 §8.3).
    var isOnLocalhost: Bool { text.lowercased().hasPrefix("http://localhost") }

    /// Compares exactly (RFC 9700 §2.1), except for the port of a loopback address (RFC 8252 §7.3).
    package func matches(_ requested: String) -> Bool {
        // Swift compares by canonical equivalence (U+212A equals K). In ASCII, only identical strings are equal.
        guard URIText.isPlain(requested) else { return false }
        if requested == text { return true }
        guard let loopback, let other = LoopbackParts(requested) else { return false }
        return loopback == other
    }
}

/// `http://127.0.0.1:PORT/path` without the port.
private struct LoopbackParts: Hashable, Sendable {
    let host: Substring
    let rest: Substring

    init?(_ text: String) {
        guard let host = ["http://127.0.0.1", "http://[::1]"].first(where: text.hasPrefix) else { return nil }
        var rest = text.dropFirst(host.count)
        if rest.first == ":" {
            let port = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard let number = UInt16(port), number > 0 else { return nil }
            rest = rest.dropFirst(port.count + 1)
        }
        // Otherwise `http://127.0.0.1.evil.example/` would count as loopback.
        guard rest.isEmpty || rest.first == "/" || rest.first == "?" else { return nil }
        self.host = text.prefix(host.count)
        self.rest = rest
    }
}
