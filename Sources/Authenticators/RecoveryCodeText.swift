/// A code for the day when every other second factor is lost, as people read and type it: `7K4QX-M2WBN`.
///
/// Ten characters of an alphabet of 32 are 50 bits, far more than the few guesses that a limit on attempts leaves.
package struct RecoveryCodeText: Hashable, Sendable {
    /// Without the hyphen.
    package let characters: String

    /// Crockford's base 32: without letters that look like digits, and without U.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// Ten random bytes make one; their three high bits each are not used.
    package init(random bytes: [UInt8]) { characters = String(bytes.prefix(10).map { Self.alphabet[Int($0 & 31)] }) }

    /// What a person typed: case, spaces and hyphens mean nothing, and letters are taken for the digits they look like.
    package init?(typed text: String) {
        let plain = text.uppercased().filter { $0 != " " && $0 != "-" }.map { Self.lookalikes[$0] ?? $0 }
        guard plain.count == 10, plain.allSatisfy(Self.alphabet.contains) else { return nil }
        characters = String(plain)
    }

    private static let lookalikes: [Character: Character] = ["O": "0", "I": "1", "L": "1"]

    package var text: String { "\(characters.prefix(5))-\(characters.suffix(5))" }
}
