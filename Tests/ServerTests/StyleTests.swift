import Foundation
import Templates
import Testing

@Suite("The style: contrast (WCAG 2.2 §1.4.3, §1.4.11)")
struct StyleTests {
    /// Returns the custom properties of the style, for light or dark.
    private func colors(dark: Bool) throws -> [String: String] {
        let style = try #require(Templates.files["style.css"])
        let blocks = style.matches(of: /:root \{([^}]*)\}/).map(\.output.1)
        #expect(blocks.count == 2)
        let text = dark ? blocks[0] + blocks[1] : blocks[0]
        return Dictionary(
            text.matches(of: /--([a-z-]+): (#[0-9a-f]{6});/).map { (String($0.output.1), String($0.output.2)) }
        ) { _, last in last }
    }

    private func luminance(_ color: String) throws -> Double {
        let number = try #require(Int(color.dropFirst(), radix: 16))
        let parts = [number >> 16, number >> 8 & 255, number & 255].map { part in
            let value = Double(part) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    @Test("controls contrast with the card by 3:1, and text with its background by 4.5:1", arguments: [false, true])
    func contrast(_ isDark: Bool) throws {
        let colors = try colors(dark: isDark)
        for (ink, ground, least) in [
            ("control", "card", 3), ("accent", "card", 4.5), ("warn", "card", 4.5), ("ink", "card", 4.5),
            ("soft", "card", 4.5), ("soft", "ground", 4.5), ("accent-ink", "accent", 4.5),
            ("accent-ink", "accent-deep", 4.5), ("warn-ink", "warn", 4.5), ("warn-ink", "warn-deep", 4.5),
            ("warn", "warn-ground", 4.5), ("ink", "tile", 4.5),
        ] {
            let values = try [ink, ground].map { try luminance(try #require(colors[$0], "\($0)")) }.sorted()
            let ratio = (values[1] + 0.05) / (values[0] + 0.05)
            #expect(ratio >= least, "\(ink) on \(ground): \(ratio)")
        }
    }
}
