import FoundationEssentials

/// A redirection URI that a client registered (RFC 6749 §3.1.2).
package struct RedirectURI: Hashable, Sendable {
    package let text: String
    /// The part before the port and the part after it, when the host is a loopback address.
    private let loopback: LoopbackParts?

    /// Throws for what must not be registered: a fragment, a wildcard, a scheme that runs script or travels in the clear.
    package init(_ text: String) throws(InvalidValue) {
        guard URIText.isPlain(text), let url = URL(string: text), let scheme = url.scheme, url.fragment() == nil,
            !text.contains("#"), !text.contains("*")
        else { throw InvalidValue("must be an absolute URI without fragment or wildcard") }
        loopback = LoopbackParts(text)
        switch scheme.lowercased() {
        case "https": guard url.host()?.isEmpty == false else { throw InvalidValue("must have a host") }
        case "http":
            guard loopback != nil || url.host() == "localhost" else {
                throw InvalidValue("must be https (http only for loopback hosts)")
            }
        case let scheme:
            // RFC 8252 §7.1: a private-use scheme is a reversed domain name; this refuses javascript: and data:, too.
            guard scheme.contains(".") else {
                throw InvalidValue("a private-use scheme must contain a dot, as com.example.app (RFC 8252 §7.1)")
            }
        }
        guard url.user() == nil else { throw InvalidValue("must not name a user") }
        self.text = text
    }

    /// Exact comparison (RFC 9700 §2.1), but for the port of a loopback address (RFC 8252 §7.3).
    package func matches(_ requested: String) -> Bool {
        // Texts that look alike may be equal in Swift (U+212A and K); among plain ASCII only the same text is.
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
        // Else `http://127.0.0.1.evil.example/` would count as loopback.
        guard rest.isEmpty || rest.first == "/" || rest.first == "?" else { return nil }
        self.host = text.prefix(host.count)
        self.rest = rest
    }
}
