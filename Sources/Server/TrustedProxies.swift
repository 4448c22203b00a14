import HTTPTypes
import IdentityProvider

/// The proxies trusted to report the client's address.
package struct TrustedProxies: Sendable {
    /// The header field that the proxies write. Only one is read, because a proxy forwards the other as the client sent
    /// it.
    package enum Field: Sendable {
        case forwardedFor
        /// RFC 7239.
        case forwarded
    }

    /// Trusts no proxy.
    package static let none = TrustedProxies(ranges: [], trustsSocket: false, field: .forwardedFor)

    private let ranges: [AddressRange]
    private let trustsSocket: Bool
    private let field: Field

    private init(ranges: [AddressRange], trustsSocket: Bool, field: Field) {
        self.ranges = ranges
        self.trustsSocket = trustsSocket
        self.field = field
    }

    /// Parses texts such as `10.0.0.0/8`, `fd00::/8`, a single address, or `unix` for anyone with access to the Unix
    /// socket. Throws the first invalid one.
    package init(_ texts: [String], field: Field = .forwardedFor) throws(InvalidNetwork) {
        var ranges: [AddressRange] = []
        for text in texts where text != "unix" {
            guard let range = AddressRange(text) else { throw InvalidNetwork(text: text) }
            ranges.append(range)
        }
        self.init(ranges: ranges, trustsSocket: texts.contains("unix"), field: field)
    }

    /// Returns the address of the client. Each proxy appends the address of its peer, so the client is the last address
    /// that is not a trusted proxy; earlier ones are the client's own claims. `peer` is empty on a Unix socket.
    func client(behind peer: String, fields: HTTPFields) -> String {
        guard trust(peer) else { return peer }
        var client = peer
        for node in nodes(in: fields).reversed() {
            // An entry that is not an address hides the peer, so only the proxy that wrote it is known.
            guard let address = IPAddress(node: node) else { break }
            client = address.description
            if !isTrusted(address) { break }
        }
        return client
    }

    /// Returns whether `peer` is trusted to report other addresses.
    func trust(_ peer: String) -> Bool {
        peer.isEmpty ? trustsSocket : !ranges.isEmpty && isTrusted(IPAddress(peer))
    }

    private func isTrusted(_ address: IPAddress?) -> Bool {
        guard let address else { return false }
        return ranges.contains { $0.contains(address) }
    }

    private func nodes(in fields: HTTPFields) -> [String] {
        switch field {
        case .forwardedFor:
            fields[values: .forwardedFor].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
                .map { $0.filter { $0 != " " && $0 != "\t" } }
        case .forwarded:
            fields[values: .forwarded].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
                .map(Self.forwardedNode)
        }
    }

    /// Returns the `for` parameter of one element (RFC 7239 §4), or an empty string if it is missing or ambiguous.
    private static func forwardedNode(_ element: Substring) -> String {
        let pairs = element.split(separator: ";").map { pair in
            pair.filter { $0 != " " && $0 != "\t" }.split(separator: "=", maxSplits: 1)
        }
        let nodes = pairs.filter { $0.count == 2 && $0[0].lowercased() == "for" }.map { $0[1].filter { $0 != "\"" } }
        return nodes.count == 1 ? nodes[0] : ""
    }
}

/// The text is not an address or a network in CIDR notation.
package struct InvalidNetwork: Error {
    package let text: String
}
