import JOSE

/// A text of the consent page with placeholders for members: `pay {amount.value} euros to {creditor.name}`.
struct DetailText: Sendable {
    private enum Piece: Sendable {
        case text(String)
        case member([String])
    }

    private let pieces: [Piece]

    init(_ text: String) throws(InvalidValue) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let start = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[start] == "{", let end = rest[start...].firstIndex(of: "}") else {
                throw InvalidValue("has a brace without its counterpart")
            }
            pieces.append(.text(String(rest[..<start])))
            let path = rest[rest.index(after: start)..<end]
            pieces.append(.member(path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)))
            rest = rest[rest.index(after: end)...]
        }
        self.pieces = pieces + [.text(String(rest))]
    }

    /// The paths of the members that the text shows.
    var paths: [[String]] {
        pieces.compactMap { if case .member(let path) = $0 { path } else { nil } }
    }

    /// Returns the text with the members of `detail`. The direction of a value, such as one in Hebrew, doesn't affect the
    /// words around it (Unicode Standard Annex 9 §2.4).
    func filled(with detail: JSONObject) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): return text
            case .member(let path):
                let value = path.reduce(JSON.object(detail)) { $0.object?[$1] ?? .null }
                return (value.array ?? [value]).map { "\u{2068}\(Self.shown($0))\u{2069}" }.joined(separator: ", ")
            }
        }.joined()
    }

    /// Returns a string or number for users.
    static func shown(_ value: JSON) -> String {
        value.string ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    /// Whether every character of `text` can be seen: no line breaks, no marks that reorder a line, and nothing without
    /// a meaning of its own. Joiners are visible in the words of some languages. A text of spaces alone can't be seen
    /// either.
    static func isShowable(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard scalars.isEmpty || scalars.contains(where: { !$0.properties.isWhitespace }) else { return false }
        return scalars.allSatisfy { scalar in
            if scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
            // Such as the Hangul fillers. The empty Braille pattern looks like a space.
            guard !scalar.properties.isDefaultIgnorableCodePoint, scalar != "\u{2800}" else { return false }
            return switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
            default: true
            }
        }
    }
}
