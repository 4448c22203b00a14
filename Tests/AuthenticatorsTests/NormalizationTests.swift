import Authenticators
import Foundation
import Testing

@Suite("UAX #15: Normalization Form C")
struct NormalizationTests {
    @Test(
        "equivalent texts have the same normal form",
        arguments: [
            ("e\u{301}", "\u{E9}"), ("\u{E9}", "\u{E9}"), ("\u{212B}", "\u{C5}"),
            ("\u{1E0B}\u{323}", "\u{1E0D}\u{307}"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"), ("\u{1100}\u{1161}\u{11A8}", "\u{AC01}"), ("a\u{0}b", "a\u{0}b"),
            // Compatibility characters and excluded compositions stay unchanged.
            ("\u{FB01}", "\u{FB01}"), ("\u{958}", "\u{915}\u{93C}"), ("\u{11099}\u{110BA}", "\u{1109A}"),
            ("\u{10041}\u{307}", "\u{10041}\u{307}"), ("", ""), ("plain", "plain"),
        ])
    func equivalence(text: String, expected: String) {
        #expect(Array(text.normalizedFormC.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test("every character normalizes as in ICU, alone and between combining marks")
    func everyCharacter() {
        var differences: [String] = []
        for value in UInt32(0)...0x10_FFFF {
            guard let scalar = Unicode.Scalar(value), scalar.properties.generalCategory != .unassigned else { continue }
            // Foundation composes a character above U+FFFF as if it were the one with the same low 16 bits.
            for text in ["\(scalar)"] + (value <= 0xFFFF ? ["a\u{323}\(scalar)\u{307}"] : []) {
                let expected = text.precomposedStringWithCanonicalMapping
                guard Array(text.normalizedFormC.utf8) != Array(expected.utf8) else { continue }
                differences.append(String(value, radix: 16))
            }
        }
        // Characters newer than the library, which no existing name or password uses.
        let young = differences.filter { value in
            guard let scalar = UInt32(value, radix: 16).flatMap(Unicode.Scalar.init) else { return false }
            return scalar.properties.age.map { $0.major > 14 } ?? false
        }
        #expect(differences.count == young.count, "\(Set(differences).subtracting(young).sorted().prefix(20))")
    }
}
