/// The Content Security Policy of a page, as far as it limits frames (Content Security Policy Level 3 §6.4, §6.7).
struct ContentPolicy: Sendable {
    private let directives: [String: [String]]

    init(_ answer: WebAnswer) {
        let policy = answer.all("Content-Security-Policy").joined(separator: ";")
        let pairs = policy.split(separator: ";").compactMap { directive -> (String, [String])? in
            let words = directive.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
            return words.first.map { ($0, Array(words.dropFirst())) }
        }
        directives = Dictionary(pairs) { first, _ in first }
    }

    /// Whether the directive allows the origin; `nil` if there is no such directive.
    func allows(_ origin: String, in directive: String) -> Bool? {
        directives[directive]?.contains { source in
            source == "*" || source == origin || source.hasPrefix(origin + "/")
                || source == "\(origin.prefix { $0 != ":" }):"
        }
    }

    /// Whether the page may load frames from the origin.
    func allowsFrame(from origin: String) -> Bool {
        for directive in ["frame-src", "child-src", "default-src"] {
            if let answer = allows(origin, in: directive) { return answer }
        }
        return true
    }
}
