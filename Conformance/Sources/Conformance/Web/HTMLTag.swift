/// A tag of an HTML page with its attributes, or the text between two tags.
package enum HTMLPiece: Hashable, Sendable {
    case open(String, [String: String])
    case close(String)
    case text(String)

    /// Scans a page leniently: anything that is not a tag is text. Omits comments and the contents of scripts and
    /// styles.
    package static func scan(_ html: String) -> [HTMLPiece] {
        var scanner = HTMLScanner(rest: html[...])
        var pieces: [HTMLPiece] = []
        while let piece = scanner.next() { pieces.append(piece) }
        return pieces
    }
}

private struct HTMLScanner {
    var rest: Substring

    mutating func next() -> HTMLPiece? {
        while !rest.isEmpty {
            guard rest.first == "<" else { return text() }
            if rest.hasPrefix("<!--") {
                skip(past: "-->")
            } else if rest.hasPrefix("<!") || rest.hasPrefix("<?") {
                skip(past: ">")
            } else if rest.hasPrefix("</") {
                rest = rest.dropFirst(2)
                let name = self.name()
                skip(past: ">")
                return .close(name)
            } else if rest.dropFirst().first?.isLetter == true {
                return open()
            } else {
                rest = rest.dropFirst()
                return .text("<")
            }
        }
        return nil
    }

    private mutating func text() -> HTMLPiece {
        let text = rest.prefix { $0 != "<" }
        rest = rest[text.endIndex...]
        return .text(HTMLEntities.decode(text))
    }

    private mutating func open() -> HTMLPiece {
        rest = rest.dropFirst()
        let name = self.name()
        var attributes: [String: String] = [:]
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == "/" }
            guard let first = rest.first, first != ">" else { break }
            let key = rest.prefix { !$0.isWhitespace && !"=>/".contains($0) }
            rest = rest[key.endIndex...].drop(while: \.isWhitespace)
            // Skips a stray `=`, so that the scanner always advances.
            if key.isEmpty, rest.first == "=" { rest = rest.dropFirst() }
            let value = rest.first == "=" ? self.value() : ""
            if !key.isEmpty, attributes[key.lowercased()] == nil { attributes[key.lowercased()] = value }
        }
        rest = rest.dropFirst()
        if ["script", "style"].contains(name) { skip(past: "</\(name)", keeping: true) }
        return .open(name, attributes)
    }

    private mutating func name() -> String {
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
        rest = rest[name.endIndex...]
        return name.lowercased()
    }

    private mutating func value() -> String {
        rest = rest.dropFirst().drop(while: \.isWhitespace)
        if let quote = rest.first, quote == "\"" || quote == "'" {
            let value = rest.dropFirst().prefix { $0 != quote }
            rest = rest[value.endIndex...].dropFirst()
            return HTMLEntities.decode(value)
        }
        let value = rest.prefix { !$0.isWhitespace && $0 != ">" }
        rest = rest[value.endIndex...]
        return HTMLEntities.decode(value)
    }

    private mutating func skip(past end: String, keeping: Bool = false) {
        guard let range = rest.firstRange(of: end) else { return rest = "" }
        rest = rest[(keeping ? range.lowerBound : range.upperBound)...]
    }
}

/// The character references common in forms.
enum HTMLEntities {
    private static let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " "]

    static func decode(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var decoded = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            decoded += rest[..<mark]
            rest = rest[mark...]
            let body = rest.dropFirst().prefix(10)
            guard let end = body.firstIndex(of: ";"), let character = character(body[..<end]) else {
                decoded += "&"
                rest = rest.dropFirst()
                continue
            }
            decoded += character
            rest = rest[end...].dropFirst()
        }
        return decoded + rest
    }

    private static func character(_ name: Substring) -> String? {
        if let text = named[String(name)] { return text }
        guard name.first == "#" else { return nil }
        let digits = name.dropFirst()
        let isHexadecimal = digits.first == "x" || digits.first == "X"
        let number = isHexadecimal ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }
}
