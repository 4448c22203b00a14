import FoundationEssentials
import JOSE
import Yams

/// A strictly parsed YAML file that knows the line of each of its members.
struct DocumentFile {
    let path: String
    let document: JSONObject
    /// Line numbers by path, such as `clients[0].redirect_uris[1]`.
    private let lines: [String: Int]

    /// Throws `Mistakes` if the file can't be read, isn't YAML, or contains a duplicate key.
    init(path: String) throws(Mistakes) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw Mistakes(["\(path): cannot be read; check that it exists and that this user may read it"])
        }
        guard let text = String(validating: data, as: UTF8.self) else { throw Mistakes(["\(path): not valid UTF-8"]) }
        try self.init(text: text, path: path)
    }

    init(text: String, path: String) throws(Mistakes) {
        self.path = path
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw Mistakes(["\(path): not valid YAML: \(error)"]) }
        var reader = NodeReader(path: path)
        guard let root else {
            document = [:]
            lines = [:]
            return
        }
        let value = reader.json(root, at: "")
        guard reader.mistakes.isEmpty else { throw Mistakes(reader.mistakes) }
        guard let object = value.object else { throw Mistakes(["\(path): must be a mapping at the top level"]) }
        document = object
        lines = reader.lines
    }

    /// Returns `path:line: place`, with the line of the member or else of its closest known parent.
    func position(of place: String) -> String {
        var known = Substring(place)
        while !known.isEmpty {
            if let line = lines[String(known)] { return "\(path):\(line): \(place)" }
            known = known.lastIndex { $0 == "." || $0 == "[" }.map { known[..<$0] } ?? ""
        }
        return "\(path): \(place)"
    }
}

/// The errors in an operator's input, one line each.
struct Mistakes: Error {
    let lines: [String]
    init(_ lines: [String]) { self.lines = lines }
}

private struct NodeReader {
    let path: String
    var lines: [String: Int] = [:]
    var mistakes: [String] = []

    init(path: String) { self.path = path }

    mutating func json(_ node: Node, at place: String) -> JSON {
        if let mark = node.mark, !place.isEmpty { lines[place] = mark.line }
        switch node {
        case .scalar(let scalar): return Self.json(scalar)
        case .sequence(let items):
            var values: [JSON] = []
            for (index, item) in items.enumerated() { values.append(json(item, at: "\(place)[\(index)]")) }
            return .array(values)
        case .mapping(let members):
            var object = JSONObject()
            for (name, value) in members {
                let name = name.scalar?.string ?? ""
                if object[name] != nil {
                    mistakes.append("\(path):\(value.mark?.line ?? 0): duplicate key \(name)")
                }
                object[name] = json(value, at: place.isEmpty ? name : "\(place).\(name)")
            }
            return .object(object)
        case .alias: return .null
        }
    }

    /// Resolves a scalar by the YAML 1.2 core schema, in which only plain scalars can be other than strings.
    private static func json(_ scalar: Node.Scalar) -> JSON {
        guard scalar.style == .plain else { return .string(scalar.string) }
        switch scalar.string {
        case "true": return true
        case "false": return false
        case "", "~", "null": return .null
        case let text: return Int(text).map(JSON.integer) ?? .string(text)
        }
    }
}
