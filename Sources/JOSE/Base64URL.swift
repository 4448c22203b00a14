/// Strict base64url without padding (RFC 4648 §5, RFC 7515 §2): every value has exactly one encoding.
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The value of each character; 255 for characters outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        // Generic code is not specialized for other modules, so only the copy is generic.
        String(decoding: encodeBytes(Array(bytes)), as: UTF8.self)
    }

    /// Returns the encoding as ASCII.
    static func encodeBytes(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = alphabet
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> bits & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << (6 - bits) & 63)]) }
        return text
    }

    /// Throws for padding, white space, other characters outside the alphabet, and nonzero unused bits. Otherwise a
    /// value would have several encodings, and a used token could be replayed in another one.
    package static func decode(_ text: String) throws(Base64URLError) -> [UInt8] { try decode(utf8: text.utf8) }

    static func decode(utf8 text: some Collection<UInt8>) throws(Base64URLError) -> [UInt8] {
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            let value = values[Int(character)]
            guard value < 64 else { throw Base64URLError() }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard bits < 6, buffer & (1 << bits - 1) == 0 else { throw Base64URLError() }
        return bytes
    }
}

/// The text is not base64url.
package struct Base64URLError: Error {}
