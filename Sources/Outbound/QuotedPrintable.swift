/// Text in a body (RFC 2045 §6.7): legible where it is ASCII, and no line too long for any server.
enum QuotedPrintable {
    /// With CRLF between lines, at most 76 characters each.
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
        // `\r\n` is one Character: it must not become two ends of a line.
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: "\n")
            switch byte {
            case UInt8(ascii: "\r") where next == UInt8(ascii: "\n"): continue
            case UInt8(ascii: "\n"):
                output += [0x0D, 0x0A]
                length = 0
            case UInt8(ascii: "="), 0..<0x20, 0x7F...0xFF: append(escaped(byte))
            // A space at the end of a line may be lost on the way.
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
