/// A parsed Mustache template (mustache(5)), with parents, blocks and dynamic names, without lambdas.
package struct Template: Sendable {
    let nodes: [Node]

    /// Throws `InvalidMarkup`.
    package init(parsing text: String) throws(InvalidMarkup) {
        var parser = TemplateParser(text)
        nodes = try parser.parse()
    }

    enum Node: Sendable {
        /// A whole line with its line break, or part of a line.
        case text(String)
        case variable(Path, isEscaped: Bool)
        case section(Path, [Node])
        case inverted(Path, [Node])
        case partial(Name, indentation: String)
        /// Another template with some of its blocks replaced.
        case parent(Name, blocks: [String: [Node]], indentation: String)
        /// Content that templates with this parent can replace.
        case block(String, [Node])
    }

    /// `a.b.c`; empty for `.`, the innermost context.
    struct Path: Sendable {
        let names: [String]

        init(_ text: Substring) {
            names = text == "." ? [] : text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// The name of a partial or parent: literal, or looked up when the template is rendered (`*path`).
    enum Name: Sendable {
        case literal(String)
        case dynamic(Path)
    }
}

/// The reason that a template cannot be parsed.
package struct InvalidMarkup: Error, CustomStringConvertible {
    /// Counted from 1.
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

extension StringProtocol where SubSequence == Substring {
    var trimmingSpaces: Substring {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return start }
        return start[...end]
    }
}
