/// Reads CBOR in the form that CTAP 2.1 §8 prescribes: shortest lengths, definite lengths, no tags, no floating point.
/// Only the order of a map's keys is free: browsers and password managers encode the outer parts of a response, and no
/// order can hide a key.
struct CBORReader {
    /// The maximum size in bytes, larger than any credential with its certificates.
    static let maximumSize = 16_384
    /// CTAP 2.1 §8 allows four levels.
    static let maximumDepth = 4
    /// The maximum number of data items, including keys.
    static let maximumCount = 512

    private let bytes: [UInt8]
    private(set) var offset: Int
    private var count = 0

    /// Throws if there are more than `maximumSize` bytes.
    init(_ bytes: [UInt8], from offset: Int = 0) throws(CBORError) {
        guard bytes.count <= Self.maximumSize else {
            throw CBORError(reason: "is larger than \(Self.maximumSize) bytes", offset: 0)
        }
        self.bytes = bytes
        self.offset = offset
    }

    var isAtEnd: Bool { offset == bytes.count }

    /// Reads the next item and everything it contains.
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
        default: throw refusal("has a float or an unsupported simple value")
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
            // Programs disagree on which duplicate counts (RFC 8949 §5.6).
            guard items.updateValue(try read(depth: depth), forKey: key) == nil else {
                throw refusal("has a duplicate key")
            }
        }
        return items
    }

    /// Runs before any allocation, because the size is untrusted.
    private func checkRoom(for size: Int, depth: Int) throws(CBORError) {
        guard depth <= Self.maximumDepth else { throw refusal("is nested deeper than \(Self.maximumDepth) levels") }
        guard size <= bytes.count - offset else { throw refusal("ends early") }
    }

    private mutating func text(_ size: Int) throws(CBORError) -> String {
        guard let text = String(validating: try take(size), as: UTF8.self) else { throw refusal("has invalid UTF-8") }
        return text
    }

    /// Reads the argument of an item (RFC 8949 §3), which must be in its shortest form.
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
        guard value >= least else { throw refusal("has a number that is not in its shortest form") }
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
