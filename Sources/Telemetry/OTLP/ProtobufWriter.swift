/// Writes the binary encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding). The OTLP messages
/// are few and stable, so they are written by hand into a single buffer, without generated code or intermediate
/// objects.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private enum Wire: UInt64 {
        case varint = 0
        case fixed64 = 1
        case length = 2
        case fixed32 = 5
    }

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Omits zero, which readers assume for a missing field.
    mutating func varint(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, .varint)
        append(varint: value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, .fixed64)
        append(littleEndian: value)
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        guard value != 0 else { return }
        tag(field, .fixed32)
        append(littleEndian: value)
    }

    /// Written even if zero: in a `oneof`, the presence of a member selects it.
    mutating func double(_ field: Int, _ value: Double) {
        tag(field, .fixed64)
        append(littleEndian: value.bitPattern)
    }

    mutating func signedFixed64(_ field: Int, _ value: Int64) {
        tag(field, .fixed64)
        append(littleEndian: UInt64(bitPattern: value))
    }

    mutating func present(_ field: Int, varint value: UInt64) {
        tag(field, .varint)
        append(varint: value)
    }

    /// A packed `repeated fixed64` or `repeated double`.
    mutating func packed(_ field: Int, _ values: [UInt64]) {
        tag(field, .length)
        append(varint: UInt64(8 * values.count))
        for value in values { append(littleEndian: value) }
    }

    mutating func string(_ field: Int, _ text: String) {
        tag(field, .length)
        append(varint: UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func bytes(_ field: Int, _ value: [UInt8]) {
        prefix(field, length: value.count)
        bytes.append(contentsOf: value)
    }

    /// Numbers as opaque bytes, most significant byte first, such as trace IDs.
    mutating func bytes(_ field: Int, bigEndian numbers: UInt64...) {
        prefix(field, length: 8 * numbers.count)
        for number in numbers {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
    }

    /// A nested message.
    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        tag(field, .length)
        // Most messages are short, so one byte is reserved for the length and expanded if needed.
        let place = bytes.count
        bytes.append(0)
        body(&self)
        let length = UInt64(bytes.count - place - 1)
        if length < 0x80 { return bytes[place] = UInt8(length) }
        var prefix = ProtobufWriter()
        prefix.append(varint: length)
        bytes.replaceSubrange(place...place, with: prefix.bytes)
    }

    /// Writes the header of a value of `length` bytes that is written separately.
    mutating func prefix(_ field: Int, length: Int) {
        tag(field, .length)
        append(varint: UInt64(length))
    }

    private mutating func tag(_ field: Int, _ wire: Wire) { append(varint: UInt64(field) << 3 | wire.rawValue) }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func append(littleEndian value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
