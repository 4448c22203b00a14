/// Reads CBOR in the form that CTAP 2.1 §8 prescribes: shortest lengths, definite lengths, no tags, no floating point.
/// Only the order of a map's keys is left free: what wraps an authenticator's answer is written by browsers and password
/// managers, and no order hides a key.
struct CBORReader {
    /// Bytes of one text, longer than any credential with its certificates.
    static let maximumSize = 16_384
    /// CTAP 2.1 §8 allows four levels.
    static let maximumDepth = 4
    /// Data items in one text, keys included.
    static let maximumCount = 512

    private let bytes: [UInt8]
    private(set) var offset: Int
    private var count = 0

    /// Throws for more bytes than `maximumSize`.
    init(_ bytes: [UInt8], from offset: Int = 0) throws(CBORError) {
        guard bytes.count <= Self.maximumSize else {
            throw CBORError(reason: "is larger than \(Self.maximumSize) bytes", offset: 0)
        }
        self.bytes = bytes
        self.offset = offset
    }

    var isAtEnd: Bool { offset == bytes.count }

    /// Reads the next item and all that it holds.
    mutating func read() throws(CBORError) -> CBOR { try read(depth: 0) }

    private mutating func read(depth: Int) throws(CBORError) -> CBOR {
        count += 1
        guard count <= Self.maximumCount else { throw refusal("has more than \(Self.maximumCount) items") }
        let first = try byte()
        let (type, information) = (first >> 5, first & 31)
        switch type {
        case 0: return .integer(try argument(information))
        case 1: return .integer(-1 - (try argument(information)))
        case 2: return .bytes(Array(try take(argument(information))))
        case 3: return .text(try text(argument(information)))
        case 4: return .array(try array(of: argument(information), depth: depth + 1))
        case 5: return .map(try map(of: argument(information), depth: depth + 1))
        case 6: throw refusal("has a tag")
        default: return try simple(information)
        }
    }

    private mutating func simple(_ information: UInt8) throws(CBORError) -> CBOR {
        switch information {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 22: return .null
        default: throw refusal("has a float, or a simple value without use here")
        }
    }

    private mutating func array(of size: Int, depth: Int) throws(CBORError) -> [CBOR] {
        try checkRoom(for: size, depth: depth)
        var items: [CBOR] = []
        for _ in 0..<size { items.append(try read(depth: depth)) }
        return items
    }

    private mutating func map(of size: Int, depth: Int) throws(CBORError) -> [CBOR: CBOR] {
        try checkRoom(for: size, depth: depth)
        var items: [CBOR: CBOR] = [:]
        for _ in 0..<size {
            let key = try read(depth: depth)
            // Two values under one key would be read differently by different programs (RFC 8949 §5.6).
            guard items.updateValue(try read(depth: depth), forKey: key) == nil else {
                throw refusal("has a key twice")
            }
        }
        return items
    }

    /// Before anything is made for them: a size is only a claim.
    private func checkRoom(for size: Int, depth: Int) throws(CBORError) {
        guard depth <= Self.maximumDepth else { throw refusal("is nested deeper than \(Self.maximumDepth) levels") }
        guard size <= bytes.count - offset else { throw refusal("ends early") }
    }

    private mutating func text(_ size: Int) throws(CBORError) -> String {
        guard let text = String(validating: try take(size), as: UTF8.self) else { throw refusal("has invalid UTF-8") }
        return text
    }

    /// The number beside the type (RFC 8949 §3): one number has one form.
    private mutating func argument(_ information: UInt8) throws(CBORError) -> Int {
        let (size, least): (Int, UInt64) =
            switch information {
            case 0..<24: (0, 0)
            case 24: (1, 24)
            case 25: (2, 1 << 8)
            case 26: (4, 1 << 16)
            case 27: (8, 1 << 32)
            default: throw refusal("has an indefinite or reserved length")
            }
        guard size > 0 else { return Int(information) }
        let value = try take(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard value >= least else { throw refusal("has a number in a longer form than it needs") }
        guard let number = Int(exactly: value) else { throw refusal("has a number beyond 63 bits") }
        return number
    }

    private mutating func byte() throws(CBORError) -> UInt8 {
        guard offset < bytes.count else { throw refusal("ends early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func take(_ size: Int) throws(CBORError) -> ArraySlice<UInt8> {
        guard size <= bytes.count - offset else { throw refusal("ends early") }
        defer { offset += size }
        return bytes[offset..<offset + size]
    }

    private func refusal(_ reason: String) -> CBORError { CBORError(reason: reason, offset: offset) }
}
