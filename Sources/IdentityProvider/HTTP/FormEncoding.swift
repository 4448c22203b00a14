/// A strict codec for `application/x-www-form-urlencoded`. Malformed input is rejected, never repaired.
package enum FormEncoding {
    /// Decodes a name or value. Throws `invalid_request` for malformed percent encoding, invalid UTF-8, and control
    /// characters other than line breaks and tabs.
    static func decode(_ encoded: some Collection<UInt8>) throws(OAuthError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                    throw .invalidRequest("a parameter has malformed percent encoding")
                }
                bytes.append(high << 4 | low)
            // Some clients, such as oidc-agent, send spaces as they are. Only `+` and `%` have a meaning here
            // (WHATWG URL §5.1).
            case 0x20...0x7E: bytes.append(byte)
            case 0x80...0xFF: bytes.append(byte)
            default: throw .invalidRequest("a parameter has an illegal character")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidRequest("a parameter is not valid UTF-8")
        }
        guard !hasControlCharacter(bytes) else { throw .invalidRequest("a parameter has a control character") }
        return text
    }

    /// Whether `bytes` has a control character other than a line break or tab. Parameters don't need any, and NUL
    /// truncates strings in C code.
    static func hasControlCharacter(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.contains { $0 < 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 || $0 == 0x7F }
    }

    package static func encode(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }

    /// Percent-encodes everything except the unreserved characters (RFC 3986 §2.3).
    package static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), hexadecimal(byte >> 4), hexadecimal(byte & 15)]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10 }
}
