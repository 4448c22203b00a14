/// Parses the text of a template into nodes.
struct TemplateParser {
    private let bytes: [UInt8]
    private var position = 0
    private var opening = Array("{{".utf8)
    private var closing = Array("}}".utf8)
    /// The position of the current tag.
    private var tagStart = 0
    private var nodes: [Template.Node] = []
    /// The enclosing sections, blocks and parents, innermost last.
    private var containers: [Container] = []
    /// The index in `nodes` where the current line starts; `nil` if the line has content, so that a tag must not remove it.
    private var lineStart: Int? = 0

    private struct Container {
        let kind: Kind
        let name: String
        let start: Int
        /// The nodes before the container.
        let outer: [Template.Node]
    }

    private enum Kind {
        case section(Template.Path)
        case inverted(Template.Path)
        case block
        case parent(Template.Name, indentation: String)
    }

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(InvalidMarkup) -> [Template.Node] {
        while position < bytes.count {
            if starts(opening, at: position) { try tag() } else { text() }
        }
        if let container = containers.last {
            throw failure("`\(container.name)` is not closed", at: container.start)
        }
        return nodes
    }

    /// Reads text up to the next tag or the end of the line.
    private mutating func text() {
        let start = position
        var isBlank = true
        while position < bytes.count, !starts(opening, at: position) {
            let byte = bytes[position]
            position += 1
            if byte == Self.lineFeed {
                nodes.append(.text(string(start..<position)))
                lineStart = nodes.count
                return
            }
            if !Self.isSpace(byte) { isBlank = false }
        }
        nodes.append(.text(string(start..<position)))
        if !isBlank { lineStart = nil }
    }

    private mutating func tag() throws(InvalidMarkup) {
        tagStart = position
        let start = position + opening.count
        let isTriple = start < bytes.count && bytes[start] == UInt8(ascii: "{")
        let end = isTriple ? [UInt8(ascii: "}")] + closing : closing
        guard let close = (start..<max(start, bytes.count)).first(where: { starts(end, at: $0) }) else {
            throw failure("a tag is not closed with `\(String(decoding: end, as: UTF8.self))`")
        }
        position = close + end.count
        let content = string(start..<close)
        let name = content.dropFirst().trimmingSpaces
        if isTriple { return try variable(name, isEscaped: false) }
        switch content.first {
        case "&": try variable(name, isEscaped: false)
        // `%` starts a pragma, which only other implementations use.
        case "!", "%": _ = removeLine()
        case "=":
            _ = removeLine()
            try setDelimiters(content)
        case "#": open(.section(try path(name)), name)
        case "^": open(.inverted(try path(name)), name)
        case "$":
            _ = try path(name)
            open(.block, name)
        case "<":
            let parent = try templateName(name)
            push(.parent(parent, indentation: removeLine()), name)
        case "/": try self.close(name)
        case ">":
            let indentation = removeLine()
            nodes.append(.partial(try templateName(name), indentation: indentation))
            if lineStart != nil { lineStart = nodes.count }
        default: try variable(content.trimmingSpaces, isEscaped: true)
        }
    }

    private mutating func variable(_ name: Substring, isEscaped: Bool) throws(InvalidMarkup) {
        lineStart = nil
        nodes.append(.variable(try path(name), isEscaped: isEscaped))
    }

    private mutating func open(_ kind: Kind, _ name: Substring) {
        _ = removeLine()
        push(kind, name)
    }

    private mutating func push(_ kind: Kind, _ name: Substring) {
        containers.append(Container(kind: kind, name: String(name), start: tagStart, outer: nodes))
        nodes = []
        if lineStart != nil { lineStart = 0 }
    }

    private mutating func close(_ name: Substring) throws(InvalidMarkup) {
        _ = removeLine()
        guard let container = containers.popLast() else { throw failure("`\(name)` is closed but not open") }
        guard container.name == name else {
            throw failure("`\(name)` is closed while `\(container.name)` is open")
        }
        let content = nodes
        nodes = container.outer
        switch container.kind {
        case .section(let path): nodes.append(.section(path, content))
        case .inverted(let path): nodes.append(.inverted(path, content))
        case .block: nodes.append(.block(container.name, content))
        case .parent(let parent, let indentation):
            // Content between the blocks is ignored.
            var blocks: [String: [Template.Node]] = [:]
            for node in content {
                switch node {
                case .block(let name, let content): blocks[name] = content
                case .text: continue
                default:
                    throw failure("`\(name)` has a parent, so only its blocks are rendered; move other tags into one")
                }
            }
            nodes.append(.parent(parent, blocks: blocks, indentation: indentation))
        }
        if lineStart != nil { lineStart = nodes.count }
    }

    /// Removes the current line if it contains only the tag, so that the tag leaves no blank line. Returns the
    /// indentation of such a tag.
    private mutating func removeLine() -> String {
        guard let start = lineStart else { return "" }
        lineStart = nil
        var end = position
        while end < bytes.count, Self.isSpace(bytes[end]) { end += 1 }
        guard end == bytes.count || bytes[end] == Self.lineFeed else { return "" }
        var indentation = ""
        for case .text(let text) in nodes[start...] { indentation += text }
        nodes.removeSubrange(start...)
        position = min(end + 1, bytes.count)
        lineStart = start
        return indentation
    }

    private mutating func setDelimiters(_ content: String) throws(InvalidMarkup) {
        let marks = content.dropFirst().dropLast().split(whereSeparator: \.isWhitespace)
        guard content.count > 1, content.last == "=", marks.count == 2, !marks.joined().contains("=") else {
            throw failure("delimiters are set as in `{{=<% %>=}}`")
        }
        (opening, closing) = (Array(marks[0].utf8), Array(marks[1].utf8))
    }

    /// A name that could be a misspelled tag is an error: it would render nothing.
    private func path(_ name: Substring) throws(InvalidMarkup) -> Template.Path {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name == "." || parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isNameByte) }) else {
            throw failure("`\(name)` is not a name; names consist of letters, digits, `_`, `-` and `.`")
        }
        return Template.Path(name)
    }

    private func templateName(_ name: Substring) throws(InvalidMarkup) -> Template.Name {
        if name.first == "*" { return .dynamic(try path(name.dropFirst().trimmingSpaces)) }
        let isValid = name.utf8.allSatisfy { Self.isNameByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
        guard !name.isEmpty, isValid else { throw failure("`\(name)` is not the name of a template") }
        return .literal(String(name))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The error of the current tag, or of the one at `start`.
    private func failure(_ reason: String, at start: Int? = nil) -> InvalidMarkup {
        InvalidMarkup(line: bytes[..<(start ?? tagStart)].count { $0 == Self.lineFeed } + 1, reason: reason)
    }

    private func starts(_ mark: [UInt8], at index: Int) -> Bool {
        index + mark.count <= bytes.count && bytes[index..<index + mark.count].elementsEqual(mark)
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private static let lineFeed = UInt8(ascii: "\n")

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
