import FoundationEssentials
package import JOSE

extension Attribute {
    /// Items of a list.
    private static let maximumCount = 50
    /// Bytes of one value, which tokens may have to carry.
    private static let maximumSize = 4_096
    /// The integers that a double represents exactly.
    private static let integers = -9_007_199_254_740_991...9_007_199_254_740_991

    /// Returns what a value must be, worded to follow the attribute's name, or `nil` if `value` is valid.
    package func mistake(in value: JSON) -> String? {
        guard value.serialized().count <= Self.maximumSize else {
            return "must have at most \(Self.maximumSize) bytes in all"
        }
        switch type {
        case .string: return value.string.map(mistake(in:)) ?? "must be a string"
        case .integer: return value.integer.map(Self.integers.contains) == true ? nil : "must be a whole number"
        case .number: return value.isNumber ? nil : "must be a number"
        case .boolean: return value.bool == nil ? "must be true or false" : nil
        case .date: return value.string.map(Self.isDate) == true ? nil : "must be a date, such as 2026-11-30"
        case .url:
            guard let text = value.string, Self.isWebAddress(text) else { return "must be an http or https URL" }
            return mistake(in: text)
        case .list:
            guard let items = value.array?.map(\.string) else { return "must be a list of strings" }
            guard (1...Self.maximumCount).contains(items.count), Set(items).count == items.count else {
                return "must have 1 to \(Self.maximumCount) different items"
            }
            for item in items {
                guard let item else { return "must be a list of strings" }
                if let reason = mistake(in: item) { return reason }
            }
            return nil
        }
    }

    private func mistake(in text: String) -> String? {
        guard values.isEmpty || values.contains(where: { $0.isExactly(text) }) else {
            return "must be one of \(values.joined(separator: ", "))"
        }
        guard (minimumLength...max(minimumLength, maximumLength)).contains(text.unicodeScalars.count) else {
            return "must have \(minimumLength) to \(maximumLength) characters"
        }
        return Self.isPlain(text) ? nil : "must not have line breaks or control characters"
    }

    /// Whether `text` has none of the characters that break headers, logs and pages.
    static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy {
            ![.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
    }

    static func isDate(_ text: String) -> Bool {
        let style = Date.ISO8601FormatStyle().year().month().day()
        // Formatting it again rejects days that no month has.
        guard text.utf8.count == 10, let day = try? style.parse(text) else { return false }
        return day.formatted(style) == text
    }

    /// Whether a page can link to `text`, which rules out `javascript:`.
    private static func isWebAddress(_ text: String) -> Bool {
        let lowered = text.lowercased()
        guard lowered.hasPrefix("https://") || lowered.hasPrefix("http://"), URIText.isPlain(text) else { return false }
        return URL(string: text)?.host()?.isEmpty == false
    }

    /// Returns the value that a user typed, or `nil` if it is invalid. `text` is not blank. A list has one item per
    /// line.
    func value(typed text: String) -> JSON? {
        let line = collapsed(text)
        let value: JSON? =
            switch type {
            case .string, .date, .url: .string(line)
            case .integer: Int(line).map(JSON.integer)
            case .number: Self.number(typed: line)
            case .boolean: line == "true" ? true : line == "false" ? false : nil
            case .list:
                .array(
                    text.split(whereSeparator: \.isNewline).map { collapsed(String($0)) }
                        .filter { !$0.isEmpty }.map(JSON.string))
            }
        return value.flatMap { mistake(in: $0) == nil ? $0 : nil }
    }

    private static func number(typed line: String) -> JSON? {
        Int(line).map(JSON.integer) ?? Double(line).flatMap { $0.isFinite ? .number($0) : nil }
    }

    /// Collapses white space, except in the declared values.
    private func collapsed(_ text: String) -> String {
        values.first { $0.isExactly(text) } ?? text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Returns `value` as the form shows it.
    func text(of value: JSON) -> String {
        switch value {
        case .array(let items): items.compactMap(\.string).joined(separator: "\n")
        default: Claims.text(value)
        }
    }
}

extension JSON {
    fileprivate var isNumber: Bool {
        switch self {
        case .integer: true
        case .number(let number): number.isFinite
        default: false
        }
    }
}
