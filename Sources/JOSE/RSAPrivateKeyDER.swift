/// An RSA private key in the form that the cryptographic library reads and writes: the `RSAPrivateKey` of
/// RFC 8017 §A.1.2, a sequence of the version, which is zero, and eight numbers.
enum RSAPrivateKeyDER {
    /// The numbers in order, by their names in a JWK (RFC 7518 §6.3).
    static let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]

    private static let sequence: UInt8 = 0x30
    private static let integer: UInt8 = 0x02

    /// `numbers` must be big-endian and not empty.
    static func encode(_ numbers: [[UInt8]]) -> [UInt8] {
        let body = ([[0]] + numbers).flatMap { number in
            // A leading zero keeps the number positive.
            element(integer, number[0] & 0x80 == 0 ? number : [0] + number)
        }
        return element(sequence, body)
    }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case 0..<0x80: [tag, UInt8(content.count)] + content
        case 0x80..<0x100: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        }
    }

    /// Returns the numbers without leading zeros; fewer than eight if `der` is malformed.
    static func decode(_ der: [UInt8]) -> [[UInt8]] {
        var rest = der[...]
        guard var body = content(of: sequence, from: &rest), content(of: integer, from: &body) == [0] else { return [] }
        var numbers: [[UInt8]] = []
        while let number = content(of: integer, from: &body) { numbers.append(Array(number.drop { $0 == 0 })) }
        return numbers
    }

    private static func content(of tag: UInt8, from bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.popFirst() == tag, var length = bytes.popFirst().map(Int.init) else { return nil }
        if length >= 0x80 {
            let count = length - 0x80
            guard (1...2).contains(count), bytes.count >= count else { return nil }
            length = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            bytes.removeFirst(count)
        }
        guard bytes.count >= length else { return nil }
        defer { bytes.removeFirst(length) }
        return bytes.prefix(length)
    }
}
