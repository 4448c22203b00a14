/// Reads the fields of a Protocol Buffers message. Used only for responses of the collector.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }

    /// Returns the next field, or `nil` at the end or if the rest is malformed.
    mutating func next() -> (field: UInt64, value: Value)? {
        guard !rest.isEmpty, let tag = varint() else { return nil }
        switch tag & 7 {
        case 0: return varint().map { (tag >> 3, .number($0)) }
        case 1: return fixed(8).map { (tag >> 3, .number($0)) }
        case 2:
            guard let length = varint(), length <= rest.count else { return nil }
            defer { rest = rest.dropFirst(Int(length)) }
            return (tag >> 3, .bytes(rest.prefix(Int(length))))
        case 5: return fixed(4).map { (tag >> 3, .number($0)) }
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private mutating func fixed(_ width: Int) -> UInt64? {
        guard rest.count >= width else { return nil }
        defer { rest = rest.dropFirst(width) }
        return rest.prefix(width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
