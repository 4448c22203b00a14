import CYAML
import JOSE

/// A strict YAML reader on libyaml: one document, and no duplicate keys. Supports anchors, aliases and merge keys.
struct YAMLReader {
    /// The value of a document, and the line of each member by its path, such as `clients[0].redirect_uris[1]`.
    struct Result {
        var value: JSON?
        var lines: [String: Int] = [:]
    }

    private let path: String
    private let nodes: [Node]
    private var lines: [String: Int] = [:]
    private var mistakes: [String] = []

    private struct Node {
        let line: Int
        let content: Content

        enum Content {
            case scalar(String, isPlain: Bool)
            /// Indices of nodes, counted from 1.
            case sequence([Int])
            case mapping([(name: Int, value: Int)])
        }
    }

    /// Deeper nesting is refused, and so is an anchor that contains its own alias.
    private static let deepest = 32
    /// Without this limit, nested aliases could expand exponentially.
    private static let largest = 100_000
    private var count = 0

    /// The value is `nil` if the text has only comments. `path` is used in messages. Throws `Mistakes`.
    static func read(_ text: String, path: String) throws(Mistakes) -> Result {
        let documents = try documents(in: text, path: path)
        guard documents.count < 2 else {
            throw Mistakes(["\(path): contains more than one YAML document: remove the line `---` between them"])
        }
        guard let nodes = documents.first else { return Result() }
        var reader = YAMLReader(path: path, nodes: nodes)
        let value = reader.json(1, at: "", depth: 0)
        guard reader.mistakes.isEmpty else { throw Mistakes(reader.mistakes) }
        return Result(value: value, lines: reader.lines)
    }

    private init(path: String, nodes: [Node]) {
        self.path = path
        self.nodes = nodes
    }

    private mutating func json(_ index: Int, at place: String, depth: Int) -> JSON {
        let node = nodes[index - 1]
        if !place.isEmpty { lines[place] = node.line }
        count += 1
        guard depth < Self.deepest, count <= nodes.count + Self.largest else {
            if mistakes.isEmpty {
                let limit =
                    depth < Self.deepest
                    ? "aliases add more than \(Self.largest) values" : "nested more than \(Self.deepest) levels deep"
                mistakes.append("\(path):\(node.line): \(limit)")
            }
            return .null
        }
        switch node.content {
        case .scalar(let text, let isPlain): return isPlain ? Self.plain(text) : .string(text)
        case .sequence(let items):
            var values: [JSON] = []
            for item in items { values.append(json(item, at: "\(place)[\(values.count)]", depth: depth + 1)) }
            return .array(values)
        case .mapping(let members):
            // Merged members come first, so that the mapping's own replace them, and so do their lines.
            var object = merged(members, at: place, depth: depth)
            if !place.isEmpty { lines[place] = node.line }
            var own: Set<String> = []
            for member in members {
                guard case .scalar(let name, let isPlain) = nodes[member.name - 1].content else {
                    mistakes.append("\(path):\(nodes[member.name - 1].line): a key must be a string")
                    continue
                }
                if !own.insert(name).inserted {
                    mistakes.append("\(path):\(nodes[member.name - 1].line): duplicate key \(name)")
                }
                guard name != Self.mergeKey || !isPlain else { continue }
                object[name] = json(member.value, at: place.isEmpty ? name : "\(place).\(name)", depth: depth + 1)
            }
            return .object(object)
        }
    }

    /// `<<: *anchor` adds the members of another mapping, or of several (https://yaml.org/type/merge.html).
    private static let mergeKey = "<<"

    /// Returns the members that merge keys add to a mapping. Of several mappings, an earlier one takes precedence. Merged
    /// values count against the same limits as all others.
    private mutating func merged(_ members: [(name: Int, value: Int)], at place: String, depth: Int) -> JSONObject {
        var object = JSONObject()
        for member in members {
            guard case .scalar(Self.mergeKey, isPlain: true) = nodes[member.name - 1].content else { continue }
            var sources = [member.value]
            if case .sequence(let items) = nodes[member.value - 1].content { sources = items.reversed() }
            for source in sources {
                guard case .mapping = nodes[source - 1].content else {
                    mistakes.append("\(path):\(nodes[source - 1].line): << takes a mapping, or a list of mappings")
                    continue
                }
                object.merge(json(source, at: place, depth: depth + 1).object ?? [:])
            }
        }
        return object
    }

    /// Resolves a scalar by the YAML 1.2 core schema, in which only plain scalars can be other than strings.
    private static func plain(_ text: String) -> JSON {
        switch text {
        case "true": true
        case "false": false
        case "", "~", "null": .null
        default: Int(text).map(JSON.integer) ?? .string(text)
        }
    }
}

extension YAMLReader {
    /// The nodes of each document that is not empty; the first node is the root.
    private static func documents(in text: String, path: String) throws(Mistakes) -> [[Node]] {
        // libyaml keeps the parser's address, so it must not move.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { unsafe parser.deallocate() }
        guard unsafe yaml_parser_initialize(parser) == 1 else { throw Mistakes(["\(path): not enough memory"]) }
        defer { unsafe yaml_parser_delete(parser) }
        return try unsafe Array(text.utf8).withUnsafeBufferPointer { buffer throws(Mistakes) in
            unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            var documents: [[Node]] = []
            while documents.count < 2 {
                var document = unsafe yaml_document_t()
                guard unsafe yaml_parser_load(parser, &document) == 1 else {
                    throw unsafe Mistakes([problem(of: parser.pointee, in: buffer, path: path)])
                }
                defer { unsafe yaml_document_delete(&document) }
                let count = unsafe document.nodes.top - document.nodes.start
                guard count > 0 else { break }
                documents.append((0..<count).map { unsafe node(document.nodes.start[$0]) })
            }
            return documents
        }
    }

    private static func problem(
        of parser: yaml_parser_t, in text: UnsafeBufferPointer<UInt8>, path: String
    ) -> String {
        // Forbidden characters are found before the text has lines.
        let line =
            unsafe parser.error == YAML_READER_ERROR
            ? unsafe text.prefix(parser.problem_offset).count { $0 == UInt8(ascii: "\n") }
            : unsafe Int(parser.problem_mark.line)
        let words = unsafe [parser.context, parser.problem].compactMap { unsafe $0.map { unsafe String(cString: $0) } }
        return "\(path):\(line + 1): not valid YAML: \(words.joined(separator: ": "))"
    }

    private static func node(_ node: yaml_node_t) -> Node {
        let content: Node.Content
        switch unsafe node.type {
        case YAML_SCALAR_NODE:
            let scalar = unsafe node.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            content = unsafe .scalar(
                String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_NODE:
            let items = unsafe node.data.sequence.items
            let indices = unsafe UnsafeBufferPointer(start: items.start, count: items.top - items.start)
            content = unsafe .sequence(indices.map { Int($0) })
        default:
            let pairs = unsafe node.data.mapping.pairs
            let indices = unsafe UnsafeBufferPointer(start: pairs.start, count: pairs.top - pairs.start)
            content = unsafe .mapping(indices.map { (Int($0.key), Int($0.value)) })
        }
        return unsafe Node(line: Int(node.start_mark.line) + 1, content: content)
    }
}
