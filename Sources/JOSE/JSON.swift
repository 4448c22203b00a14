/// A JSON value (RFC 8259) that preserves the order of members. Parsed and serialized by hand, because
/// tokens are small and frequent.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// Why a text is not strict JSON, and at which byte offset.
package struct JSONError: Error, Hashable {
    package let reason: String
    package let offset: Int
}

extension JSON {
    /// Parses strictly: throws for what RFC 8259 leaves open or other parsers repair, such as duplicate members,
    /// invalid UTF-8, trailing bytes, and nesting deeper than `maximumDepth`.
    package init(parsing bytes: [UInt8], maximumDepth: Int = 16) throws(JSONError) {
        var parser = JSONParser(bytes, maximumDepth: maximumDepth)
        self = try parser.parse()
    }

    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
