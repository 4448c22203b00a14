import Glibc

/// The networks whose `X-Forwarded-For` is believed.
package struct TrustedProxies: Sendable {
    private struct Network: Sendable {
        let address: IPAddress
        let length: Int
    }

    private let networks: [Network]

    /// Texts such as `10.0.0.0/8`, `fd00::/8` or a single address. Throws the first that is none.
    package init(_ texts: [String]) throws(InvalidNetwork) {
        var networks: [Network] = []
        for text in texts {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { throw InvalidNetwork(text: text) }
            let width = address.bytes.count * 8
            guard let length = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(length) else {
                throw InvalidNetwork(text: text)
            }
            networks.append(Network(address: address, length: length))
        }
        self.networks = networks
    }

    /// Nobody is trusted.
    package static let none = TrustedProxies()

    private init() { networks = [] }

    func contains(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return networks.contains { network in
            network.address.bytes.count == address.bytes.count
                && zip(network.address.bits, address.bits).prefix(network.length).allSatisfy { $0 == $1 }
        }
    }
}

/// The text is no network in CIDR notation.
package struct InvalidNetwork: Error {
    package let text: String
}

/// An IPv4 or IPv6 address. IPv4 within IPv6 (`::ffff:1.2.3.4`) is IPv4.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            self.bytes = bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
        } else {
            return nil
        }
    }

    var bits: [Bool] { bytes.flatMap { byte in (0..<8).map { byte & (0x80 >> $0) != 0 } } }

    /// What one subscriber has: an IPv4 address, or an IPv6 network of 64 bits. Limits are counted by it.
    var subscriber: [UInt8] { bytes.count == 4 ? bytes : Array(bytes.prefix(8)) }
}
