import Glibc

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) becomes IPv4.
package struct IPAddress: Hashable, Sendable {
    /// Four or sixteen bytes, in network order.
    package let bytes: [UInt8]

    /// Ignores the zone of an IPv6 address (`%eth0`, RFC 4007 §11), which names a network interface, not a host.
    package init?(_ text: some StringProtocol) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, String(text), &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if unsafe inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &bytes) == 1 {
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            self.bytes = bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
        } else {
            return nil
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Parses the forms that proxies write: an address, an IPv4 address with a port, or an IPv6 address in brackets
    /// with or without a port.
    package init?(node text: some StringProtocol) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            self.init(text[text.index(after: text.startIndex)..<end])
        } else if text.count(where: { $0 == ":" }) == 1 {
            self.init(text.prefix { $0 != ":" })
        } else {
            self.init(text)
        }
    }

    /// The key by which limits are counted: an IPv4 address or the /64 of an IPv6 address. A single subscriber can use
    /// a different address in its /64 for each request (RFC 8981).
    package var subscriber: String { bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".") }

    /// Returns the subscriber of a remote address, or `text` itself if it isn't an IP address, as for a Unix socket.
    package static func subscriber(of text: String) -> String { IPAddress(text)?.subscriber ?? text }

    /// The network of a site: the /24 of an IPv4 address or the /48 of an IPv6 address (RFC 6177 §2).
    package var site: String { network(v4: 24, v6: 48) }

    /// Returns the site of a remote address, or `text` itself if it isn't an IP address, as for a Unix socket.
    static func site(of text: String) -> String { IPAddress(text)?.site ?? text }

    /// Whether the address is a loopback address (RFC 1122 §3.2.1.3; RFC 4291 §2.5.3).
    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1] }

    /// Returns the network with the prefix length for the address family, such as `192.0.2.0/24`.
    func network(v4: Int, v6: Int) -> String {
        let length = bytes.count == 4 ? v4 : v6
        let kept = bytes.enumerated().map { index, byte in
            byte & ~UInt8(truncatingIfNeeded: 0xFF >> min(8, max(0, length - index * 8)))
        }
        return "\(IPAddress(bytes: kept).description)/\(length)"
    }

    /// The standard text form.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard unsafe inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
