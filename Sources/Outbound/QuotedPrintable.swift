/// Encodes text for the body of an email (RFC 2045 §6.7): ASCII stays readable, and no line is too long for any server.
enum QuotedPrintable {
    /// Returns the encoded text in lines of at most 76 characters, separated by CRLF.
    static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        var length = 0
        func append(_ token: [UInt8]) {
            if length + token.count > 75 {
                output += Array("=\r\n".utf8)
                length = 0
            }
            output += token
            length += token.count
        }
        // Bytes, because `\r\n` is one `Character` and must not become two line endings.
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: "\n")
            switch byte {
            case UInt8(ascii: "\r") where next == UInt8(ascii: "\n"): continue
            case UInt8(ascii: "\n"):
                output += [0x0D, 0x0A]
                length = 0
            case UInt8(ascii: "="), 0..<0x20, 0x7F...0xFF: append(escaped(byte))
            // A space at the end of a line may be lost in transit.
            case UInt8(ascii: " ") where next == 0x0A || next == 0x0D: append(escaped(byte))
            default: append([byte])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
