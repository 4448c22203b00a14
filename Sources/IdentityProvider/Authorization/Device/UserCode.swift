/// The code by which a user names the device that they want to connect (RFC 8628 §6.1): eight consonants, about 34 bits.
/// No vowels, so that no words arise, and no letters that look like others.
struct UserCode: Hashable, Sendable {
    /// In upper case, without the hyphen.
    let text: String

    private static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ")
    private static let length = 8

    /// Parses what a user typed. Case, spaces and hyphens don't matter. Returns `nil` if it can't be a code.
    init?(typed: String) {
        let letters = typed.unicodeScalars.filter { !$0.properties.isWhitespace && !$0.properties.isDash }
        // Letters of other scripts may become one of these in upper case.
        guard letters.allSatisfy(\.isASCII) else { return nil }
        let text = String(String.UnicodeScalarView(letters)).uppercased()
        guard text.count == Self.length, text.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = text
    }

    private init(text: String) { self.text = text }

    static func random() -> UserCode {
        var text = ""
        while text.count < length {
            // Only multiples of the alphabet's size, so that all letters are equally likely.
            for byte in RandomBytes.make(32) where byte < 240 && text.count < length {
                text.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return UserCode(text: text)
    }

    /// As shown to users: `BCDF-GHJK`.
    var shown: String { "\(text.prefix(Self.length / 2))-\(text.suffix(Self.length / 2))" }
}

extension UserCode: Digested {
    static let digestLabel = "UserCode"
}
