import FoundationEssentials
import JOSE

/// A strictly parsed YAML file that knows the line of each of its members.
struct DocumentFile {
    let path: String
    var document: JSONObject
    /// Line numbers by path, such as `clients[0].redirect_uris[1]`.
    private var lines: [String: Int]
    /// The members whose secret could not be read from its file.
    var unread: Set<String> = []

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
        let result = try YAMLReader.read(text, path: path)
        guard let object = (result.value ?? [:]).object else {
            throw Mistakes(["\(path): must be a mapping at the top level"])
        }
        document = object
        lines = result.lines
    }

    /// Reports mistakes at `place` where `written` is.
    mutating func move(_ written: String, to place: String) {
        if let line = lines[written] { lines[place] = line }
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
