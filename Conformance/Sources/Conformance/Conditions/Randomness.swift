import Foundation

/// How much there is to guess in a value.
package enum Randomness {
    /// Bits by length, six a character as base64url has.
    package static func length(_ text: String) -> Double { Double(text.utf8.count) * 6 }

    /// Bits by how often each character stands in it (Shannon).
    package static func measured(_ text: String) -> Double {
        let counts = Dictionary(text.utf8.map { ($0, 1.0) }, uniquingKeysWith: +).values
        let total = Double(text.utf8.count)
        return counts.reduce(0) { $0 - $1 * log2($1 / total) }
    }

    /// RFC 6749 §10.10. `nil` when it suffices; otherwise what was found.
    package static func shortcoming(_ text: String) -> String? {
        if length(text) < 128 { return "\(text.utf8.count) characters hold at most \(Int(length(text))) bits" }
        let bits = measured(text)
        return bits > 96 ? nil : "its characters measure \(Int(bits)) bits of randomness, fewer than 96"
    }

    static func verdict(_ name: String, _ text: String?) -> Verdict {
        guard let text else { return .notRun("there is no \(name)") }
        return shortcoming(text).map { .broken("the \(name) can be guessed: \($0)") } ?? .holds
    }
}

/// Characters that the grammar of OAuth allows.
package enum Characters {
    /// VSCHAR of RFC 6749 Appendix A.
    package static func areVisible(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    /// b64token of RFC 6750 §2.1.
    package static func areBearerToken(_ text: String) -> Bool {
        let body = text.reversed().drop { $0 == "=" }
        return !body.isEmpty
            && body.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-._~+/".contains($0) }
    }

    /// NQSCHAR of RFC 6749 Appendix A: what an error and its description may have.
    package static func areErrorText(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// A scope-token of RFC 6749 §3.3.
    package static func areScopeToken(_ text: String) -> Bool {
        !text.isEmpty && areErrorText(text) && !text.contains(" ")
    }
}
