/// Base32 (RFC 4648 §6) as people copy it: decoding ignores case, spaces, hyphens and padding.
package enum Base32 {
    package static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        let characters = text.utf8.filter { $0 != 0x20 && $0 != 0x2D }
        let digits = characters.prefix { $0 != 0x3D }
        guard characters.dropFirst(digits.count).allSatisfy({ $0 == 0x3D }) else { return nil }
        for character in digits {
            guard let value = value(character) else { return nil }
            buffer = buffer << 5 | value
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return bytes
    }

    /// Encodes without padding, so that people don't have to type it.
    package static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> bits & 31)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << (5 - bits) & 31)]) }
        return text
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5A: UInt32(character - 0x41)
        case 0x61...0x7A: UInt32(character - 0x61)
        case 0x32...0x37: UInt32(character - 0x32 + 26)
        default: nil
        }
    }
}
