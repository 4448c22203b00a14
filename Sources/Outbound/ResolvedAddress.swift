import Glibc

/// An IP address that a host name resolves to.
struct ResolvedAddress: Sendable, Hashable {
    let text: String
    /// 4 or 16 bytes, in network order.
    let bytes: [UInt8]

    init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            bytes = unsafe withUnsafeBytes(of: &four) { unsafe Array($0) }
        } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
            bytes = unsafe withUnsafeBytes(of: &six) { unsafe Array($0) }
        } else {
            return nil
        }
        self.text = text
    }

    var isLoopback: Bool { mapped.map { $0[0] == 127 } ?? (bytes == [UInt8](repeating: 0, count: 15) + [1]) }

    /// Whether the address is globally reachable (IANA special-purpose address registries). A URL from outside must not
    /// reach any other address.
    var isPublic: Bool {
        if let four = mapped { return !Self.special.contains { $0.contains(four) } }
        // Global unicast, except protocol assignments such as Teredo, 6to4, and documentation (RFC 3849, RFC 9637).
        return bytes[0] & 0xE0 == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02)
            && !bytes.starts(with: [0x20, 0x02]) && !bytes.starts(with: [0x20, 0x01, 0x0D, 0xB8])
            && !(bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10)
    }

    /// The four bytes of an IPv4 address, including one that is mapped into IPv6.
    private var mapped: [UInt8]? {
        if bytes.count == 4 { return bytes }
        let prefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return bytes.starts(with: prefix) ? Array(bytes.suffix(4)) : nil
    }

    private struct Block {
        let start: [UInt8]
        let length: Int

        func contains(_ address: [UInt8]) -> Bool {
            func number(_ bytes: [UInt8]) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
            return number(start) >> (32 - length) == number(address) >> (32 - length)
        }
    }

    private static let special: [Block] = [
        Block(start: [0, 0, 0, 0], length: 8), Block(start: [10, 0, 0, 0], length: 8),
        Block(start: [100, 64, 0, 0], length: 10), Block(start: [127, 0, 0, 0], length: 8),
        Block(start: [169, 254, 0, 0], length: 16), Block(start: [172, 16, 0, 0], length: 12),
        Block(start: [192, 0, 0, 0], length: 24), Block(start: [192, 0, 2, 0], length: 24),
        Block(start: [192, 88, 99, 0], length: 24), Block(start: [192, 168, 0, 0], length: 16),
        Block(start: [198, 18, 0, 0], length: 15), Block(start: [198, 51, 100, 0], length: 24),
        Block(start: [203, 0, 113, 0], length: 24), Block(start: [224, 0, 0, 0], length: 3),
    ]
}
