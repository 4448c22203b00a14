/// Text from a request in a form that is safe to show, log, and send in an `error_description` (RFC 6749 §5.2): visible
/// ASCII without `"` and `\`, every other character as its code point, and at most 200 characters of the text.
package struct SentText: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        // One more than the limit, to see whether there is more.
        let shown = text.unicodeScalars.prefix(Self.limit + 1).map { scalar in
            (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\"
                ? String(scalar) : "<U+\(String(scalar.value, radix: 16, uppercase: true))>"
        }.joined()
        description = shown.count > Self.limit ? shown.prefix(Self.limit) + "..." : shown
    }

    private static let limit = 200
}

/// A value in a request that is not registered, such as a misspelled redirect URI.
package struct Unregistered: Error, CustomStringConvertible, Sendable {
    /// The name of the parameter. Never text from the request.
    let parameter: String
    let value: SentText
    /// What is wrong, where to register the value, and what is registered. For operators only.
    package let description: String

    init(_ parameter: String, _ value: SentText, _ description: String) {
        self.parameter = parameter
        self.value = value
        self.description = description
    }

    /// Ends a description: names up to ten registered values.
    static func registered(_ values: [String]) -> String {
        guard !values.isEmpty else { return "None is registered." }
        let more = values.count > 10 ? " and \(values.count - 10) more" : ""
        return "Registered: \(values.prefix(10).joined(separator: " "))\(more)."
    }
}
