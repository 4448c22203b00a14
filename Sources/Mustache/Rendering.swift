/// One rendering of a template with its data.
struct Rendering {
    private let library: TemplateLibrary
    private let escaping: TemplateLibrary.Escaping
    /// The data, and the values of the enclosing sections.
    private var contexts: [TemplateValue]
    /// The blocks that replace those of the current template's parents.
    private var blocks: [String: [Template.Node]] = [:]
    private var indentation = ""
    private var isAtLineStart = true
    private var depth = 0
    private var count = 0
    private(set) var output = ""

    /// The limit for nested partials. Beyond it, a template must be including itself.
    private static let deepest = 64
    /// All partials of a rendering. One that uses itself twice would double them with each level.
    private static let most = 10_000

    init(library: TemplateLibrary, data: [String: TemplateValue], escaping: TemplateLibrary.Escaping) {
        self.library = library
        self.escaping = escaping
        contexts = [.object(data)]
    }

    mutating func render(_ nodes: [Template.Node]) {
        for node in nodes { render(node) }
    }

    private mutating func render(_ node: Template.Node) {
        switch node {
        case .text(let text):
            write(text)
            isAtLineStart = text.utf8.last == UInt8(ascii: "\n")
        case .variable(let path, let isEscaped):
            let value = value(at: path)
            let text = value?.text ?? ""
            if case .markup? = value {
                write(text)
            } else {
                write(isEscaped && escaping == .html ? Self.escaped(text) : text)
            }
            if !text.isEmpty { isAtLineStart = false }
        case .section(let path, let content):
            guard let value = value(at: path), !value.isFalsy else { return }
            switch value {
            case .list(let items): for item in items { render(content, in: item) }
            case .flag: render(content)
            case .text, .markup, .object: render(content, in: value)
            }
        case .inverted(let path, let content):
            if value(at: path)?.isFalsy ?? true { render(content) }
        case .partial(let name, let indentation):
            include(name, indentedBy: indentation, replacing: [:])
        case .parent(let name, let own, let indentation):
            // The blocks of a template that has this one as its parent win.
            include(name, indentedBy: indentation, replacing: own.merging(blocks) { _, outer in outer })
        case .block(let name, let content):
            guard let replacement = blocks[name] else { return render(content) }
            // A template inside the replacement has its own block of this name.
            let outer = blocks
            blocks[name] = nil
            render(replacement)
            blocks = outer
        }
    }

    private mutating func render(_ nodes: [Template.Node], in context: TemplateValue) {
        contexts.append(context)
        render(nodes)
        contexts.removeLast()
    }

    private mutating func include(
        _ name: Template.Name, indentedBy added: String, replacing blocks: [String: [Template.Node]]
    ) {
        let name =
            switch name {
            case .literal(let name): name
            case .dynamic(let path): value(at: path)?.text ?? ""
            }
        guard depth < Self.deepest, count < Self.most, let template = library[name] else { return }
        let outer = (indentation, self.blocks)
        indentation += added
        self.blocks = blocks
        depth += 1
        count += 1
        render(template.nodes)
        depth -= 1
        (indentation, self.blocks) = outer
    }

    /// Looks up the first name in the innermost context that has it, and each further name in the previous value.
    private func value(at path: Template.Path) -> TemplateValue? {
        guard let first = path.names.first else { return contexts.last }
        for context in contexts.reversed() {
            guard var value = context[first] else { continue }
            for name in path.names.dropFirst() {
                guard let member = value[name] else { return nil }
                value = member
            }
            return value
        }
        return nil
    }

    private mutating func write(_ text: String) {
        guard !text.isEmpty else { return }
        if isAtLineStart { output += indentation }
        output += text
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { escape(of: $0) != nil }) else { return text }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            if let replacement = escape(of: byte) { escaped += replacement.utf8 } else { escaped.append(byte) }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func escape(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}
