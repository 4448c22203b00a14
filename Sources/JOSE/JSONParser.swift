/// A strict JSON parser (RFC 8259).
struct JSONParser {
    /// Up to this number of members, a linear search is faster than a set of names.
    private static let fewMembers = 16

    private let bytes: [UInt8]
    private let maximumDepth: Int
    private var position = 0

    init(_ bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func parse() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("has trailing characters") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return try number()
        case let byte? where (0x30...0x39).contains(byte): return try number()
        default: throw error("is missing a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try enter(depth)
        var members: [(name: String, value: JSON)] = []
        var names: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return JSONObject() }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw error("has a member without a name") }
            let name = try string()
            // Parsers disagree on which duplicate counts, which many attacks exploit (RFC 7515 §4, RFC 8259 §4).
            if members.count == Self.fewMembers { names = Set(members.map(\.name)) }
            let isRepeated =
                members.count < Self.fewMembers ? members.contains { $0.name == name } : !names.insert(name).inserted
            guard !isRepeated else { throw error("has a duplicate member") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("has a member without a colon") }
            members.append((name, try value(depth: depth)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw error("has an unterminated object") }
        return JSONObject(unique: members)
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        try enter(depth)
        skipSpace()
        if take(UInt8(ascii: "]")) { return [] }
        var items: [JSON] = []
        repeat {
            items.append(try value(depth: depth))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw error("has an unterminated array") }
        return items
    }

    private mutating func enter(_ depth: Int) throws(JSONError) {
        guard depth <= maximumDepth else { throw error("is nested too deeply") }
        position += 1
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        while true {
            let start = position
            while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                position += 1
            }
            let plain = bytes[start..<position]
            switch peek {
            case nil: throw error("has an unterminated string")
            case UInt8(ascii: "\"")?:
                position += 1
                // Nearly every string is one piece, without escapes.
                return text.isEmpty
                    ? try Self.string(plain, before: position) : try Self.string(text + plain, before: position)
            case UInt8(ascii: "\\")?:
                text += plain
                position += 1
                try escape(into: &text)
            default: throw error("has a control character")
            }
        }
    }

    private static func string(_ text: some Sequence<UInt8>, before end: Int) throws(JSONError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else {
            throw JSONError(reason: "has a string that is not UTF-8", offset: end)
        }
        return string
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw error("has an unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(try scalar()).utf8)
        default: throw error("has an unknown escape")
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw error("has an unpaired surrogate")
        }
        let trail = try codeUnit()
        guard UTF16.isTrailSurrogate(trail) else { throw error("has an unpaired surrogate") }
        let value = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw error("has an unpaired surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw error("has a truncated escape") }
        var unit: UInt16 = 0
        for byte in bytes[position..<(position + 4)] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt16(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 | UInt16(byte - 0x61 + 10)
            default: throw error("has a malformed escape")
            }
        }
        position += 4
        return unit
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let hasLeadingZero = peek == UInt8(ascii: "0")
        let digits = digits()
        guard digits > 0, !hasLeadingZero || digits == 1 else { throw error("has a malformed number") }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard self.digits() > 0 else { throw error("has a malformed number") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard self.digits() > 0 else { throw error("has a malformed number") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw error("has a number out of range") }
        return .number(number)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw error("has an unknown word") }
        position += word.utf8.count
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }
}
