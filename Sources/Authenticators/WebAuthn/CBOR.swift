/// A CBOR data item (RFC 8949) of the kinds that authenticators send (CTAP 2.1 §8).
package indirect enum CBOR: Sendable, Hashable {
    case integer(Int)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([CBOR: CBOR])
    case bool(Bool)
    case null
}

/// Why bytes are not acceptable CBOR, and at which byte offset.
package struct CBORError: Error, Hashable {
    package let reason: String
    package let offset: Int
}

extension CBOR {
    /// Parses one item that fills `bytes`. Throws for what `CBORReader` refuses, and for trailing bytes.
    package init(parsing bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes)
        self = try reader.read()
        guard reader.isAtEnd else { throw CBORError(reason: "has trailing bytes", offset: reader.offset) }
    }

    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    package var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
    package var text: String? { if case .text(let value) = self { value } else { nil } }
    package var array: [CBOR]? { if case .array(let value) = self { value } else { nil } }
    package var map: [CBOR: CBOR]? { if case .map(let value) = self { value } else { nil } }
}

extension CBOR: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(stringLiteral value: String) { self = .text(value) }
}
