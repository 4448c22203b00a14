import FoundationEssentials
import JOSE

/// The request that a DPoP proof is for: its method, and the URLs by which the sender may know the endpoint.
struct DPoPTarget: Sendable, Hashable {
    let method: String
    private let uris: [String]

    init(method: String, uris: [String]) {
        self.method = method
        self.uris = uris
    }

    /// Whether proofs can match: at least one of the URLs is an absolute `http` or `https` URL.
    var isMatchable: Bool { uris.contains { Self.normalized($0) != nil } }

    /// Compares without the query and fragment, in normal form (RFC 9449 §4.3).
    func matches(_ uri: String) -> Bool {
        // Most clients write the URL as it is.
        if uris.contains(where: { $0.isExactly(uri) }) { return true }
        guard let uri = Self.normalized(uri) else { return false }
        return uris.contains { Self.normalized($0)?.isExactly(uri) == true }
    }

    /// Returns the URL in normal form by syntax and scheme (RFC 3986 §6.2.2, §6.2.3), without its query and fragment.
    private static func normalized(_ text: String) -> String? {
        // Escapes first, because `%2E` may be part of a dot segment.
        guard URIText.isPlain(text), let url = URL(string: normalizedEscapes(text)),
            let scheme = url.scheme?.lowercased(), let standardPort = standardPorts[scheme],
            let host = url.host(percentEncoded: true)?.lowercased(), !host.isEmpty, url.user() == nil
        else { return nil }
        let port = url.port.flatMap { $0 == standardPort ? nil : ":\($0)" } ?? ""
        let path = url.standardized.path(percentEncoded: true)
        return "\(scheme)://\(host)\(port)\(path.isEmpty ? "/" : path)"
    }

    private static let standardPorts = ["http": 80, "https": 443]

    /// Decodes unreserved characters and writes the other escapes in uppercase (RFC 3986 §6.2.2.1, §6.2.2.2).
    private static func normalizedEscapes(_ text: String) -> String {
        var bytes = Array(text.utf8)[...]
        var normal: [UInt8] = []
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            else {
                normal.append(byte)
                continue
            }
            let escape = bytes.prefix(2)
            bytes = bytes.dropFirst(2)
            if PKCE.isUnreserved(value) {
                normal.append(value)
            } else {
                normal.append(byte)
                normal += Array(String(decoding: escape, as: UTF8.self).uppercased().utf8)
            }
        }
        return String(decoding: normal, as: UTF8.self)
    }
}
