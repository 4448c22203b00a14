import HTTPTypes
import IdentityProvider

/// The proxies that are believed when they say whom they speak for.
package struct TrustedProxies: Sendable {
    /// The field that the proxies write. Only one: a proxy passes on the other as the client sent it.
    package enum Field: Sendable {
        case forwardedFor
        /// RFC 7239.
        case forwarded
    }

    /// Nobody is trusted.
    package static let none = TrustedProxies(ranges: [], trustsSocket: false, field: .forwardedFor)

    private let ranges: [AddressRange]
    private let trustsSocket: Bool
    private let field: Field

    private init(ranges: [AddressRange], trustsSocket: Bool, field: Field) {
        self.ranges = ranges
        self.trustsSocket = trustsSocket
        self.field = field
    }

    /// Texts such as `10.0.0.0/8`, `fd00::/8`, a single address, or `unix` for whoever may open the unix socket. Throws
    /// the first that is none.
    package init(_ texts: [String], field: Field = .forwardedFor) throws(InvalidNetwork) {
        var ranges: [AddressRange] = []
        for text in texts where text != "unix" {
            guard let range = AddressRange(text) else { throw InvalidNetwork(text: text) }
            ranges.append(range)
        }
        self.init(ranges: ranges, trustsSocket: texts.contains("unix"), field: field)
    }

    /// The address of the client. Each proxy appends whom it heard, so the last address that is no proxy of ours is
    /// the client's; what stands before it is the client's own word. `peer` is empty on a unix socket.
    func client(behind peer: String, fields: HTTPFields) -> String {
        guard trust(peer) else { return peer }
        var client = peer
        for node in nodes(in: fields).reversed() {
            // A text that is no address hides who was heard: the proxy that wrote it is all that is known.
            guard let address = IPAddress(node: node) else { break }
            client = address.description
            if !isTrusted(address) { break }
        }
        return client
    }

    /// Whether what `peer` says of others is believed.
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

    /// The `for` of one element (RFC 7239 §4); empty when there is none, or the element is not read with certainty.
    private static func forwardedNode(_ element: Substring) -> String {
        let pairs = element.split(separator: ";").map { pair in
            pair.filter { $0 != " " && $0 != "\t" }.split(separator: "=", maxSplits: 1)
        }
        let nodes = pairs.filter { $0.count == 2 && $0[0].lowercased() == "for" }.map { $0[1].filter { $0 != "\"" } }
        return nodes.count == 1 ? nodes[0] : ""
    }
}

/// The text is no network in CIDR notation.
package struct InvalidNetwork: Error {
    package let text: String
}
