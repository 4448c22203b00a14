import FoundationEssentials

enum Origin {
    /// Returns the origin of a web URI as browsers serialize it (RFC 6454 §6.2): `scheme://host`, with the port unless
    /// it is the scheme's default. Returns `nil` for other schemes, and for hosts that a header field or page would have
    /// to escape.
    static func serialized(_ uri: String) -> String? {
        guard let url = URL(string: uri), let scheme = url.scheme?.lowercased(), let host = url.host()?.lowercased(),
            standardPorts[scheme] != nil, !host.isEmpty, host.utf8.allSatisfy(isPlain)
        else { return nil }
        return serialized(scheme: scheme, host: host, port: url.port)
    }

    static func serialized(scheme: String, host: String, port: Int?) -> String {
        // An IPv6 address needs brackets (RFC 3986 §3.2.2), which the URL parser may have removed.
        let written = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        let visiblePort = port.flatMap { $0 == standardPorts[scheme] ? nil : ":\($0)" } ?? ""
        return "\(scheme)://\(written.lowercased())\(visiblePort)"
    }

    private static let standardPorts = ["https": 443, "http": 80]

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A: true
        default: "-._:[]".utf8.contains(byte)
        }
    }

    /// Returns the source expression of a URI for Content Security Policy: `scheme://authority`, or `scheme:` for a
    /// private-use scheme.
    static func source(of uri: String) -> String {
        let scheme = uri.prefix { $0 != ":" }
        guard scheme == "https" || scheme == "http" else { return scheme + ":" }
        return scheme + "://" + uri.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" }
    }
}
