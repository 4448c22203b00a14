import IdentityProvider

/// A network of addresses (RFC 4632 §3.1; RFC 4291 §2.3).
struct AddressRange: Sendable {
    private let address: IPAddress
    private let length: Int

    /// Parses `10.0.0.0/8`, `fd00::/8` or a single address.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let width = address.bytes.count * 8
        guard let length = parts.count == 2 ? UInt8(parts[1]).map(Int.init) : width, length <= width else { return nil }
        self.address = address
        self.length = length
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = length / 8
        guard other.bytes.prefix(whole) == address.bytes.prefix(whole) else { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        return (other.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0
    }
}
