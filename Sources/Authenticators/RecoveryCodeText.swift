/// A recovery code in the form that people read and type, such as `7K4QX-M2WBN`. It replaces a lost second factor.
///
/// Ten characters from an alphabet of 32 have 50 bits of entropy: the attempt limit makes guessing one hopeless.
package struct RecoveryCodeText: Hashable, Sendable {
    /// Without the hyphen.
    package let characters: String

    /// Crockford's base 32, which omits U and letters that look like digits.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// Creates a code from the low five bits of each of ten random bytes.
    package init(random bytes: [UInt8]) { characters = String(bytes.prefix(10).map { Self.alphabet[Int($0 & 31)] }) }

    /// Parses typed text. Ignores case, spaces and hyphens, and reads look-alike letters as digits.
    package init?(typed text: String) {
        let plain = text.uppercased().filter { $0 != " " && $0 != "-" }.map { Self.lookalikes[$0] ?? $0 }
        guard plain.count == 10, plain.allSatisfy(Self.alphabet.contains) else { return nil }
        characters = String(plain)
    }

    private static let lookalikes: [Character: Character] = ["O": "0", "I": "1", "L": "1"]

    package var text: String { "\(characters.prefix(5))-\(characters.suffix(5))" }
}
