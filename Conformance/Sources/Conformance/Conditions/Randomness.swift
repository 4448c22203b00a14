import Foundation

/// Entropy estimates of a value.
package enum Randomness {
    /// Upper bound in bits: six per character, as in base64url.
    package static func length(_ text: String) -> Double { Double(text.utf8.count) * 6 }

    /// Shannon entropy in bits, from the character frequencies.
    package static func measured(_ text: String) -> Double {
        let counts = Dictionary(text.utf8.map { ($0, 1.0) }, uniquingKeysWith: +).values
        let total = Double(text.utf8.count)
        return counts.reduce(0) { $0 - $1 * log2($1 / total) }
    }

    /// Returns why the value is too easy to guess, or `nil` if it isn't (RFC 6749 §10.10).
    package static func shortcoming(_ text: String) -> String? {
        if length(text) < 128 {
            return "\(text.utf8.count) characters hold at most \(Int(length(text))) bits, fewer than 128"
        }
        let bits = measured(text)
        return bits > 96 ? nil : "its measured entropy is \(Int(bits)) bits, not more than 96"
    }

    static func verdict(_ name: String, _ text: String?) -> Verdict {
        guard let text else { return .notRun("\(name) is missing") }
        return shortcoming(text).map { .broken("the \(name) is guessable: \($0)") } ?? .holds
    }
}

/// The character sets of the OAuth grammar.
package enum Characters {
    /// Whether all characters are VSCHAR (RFC 6749 Appendix A).
    package static func areVisible(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    /// Whether the text is a b64token (RFC 6750 §2.1).
    package static func areBearerToken(_ text: String) -> Bool {
        let body = text.reversed().drop { $0 == "=" }
        return !body.isEmpty
            && body.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-._~+/".contains($0) }
    }

    /// Whether all characters are NQSCHAR, as `error` and `error_description` require (RFC 6749 Appendix A).
    package static func areErrorText(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// Whether the text is a scope-token (RFC 6749 §3.3).
    package static func areScopeToken(_ text: String) -> Bool {
        !text.isEmpty && areErrorText(text) && !text.contains(" ")
    }
}
