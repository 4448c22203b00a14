import ArgumentParser
import FoundationEssentials
import JOSE

/// How a command prints its result: for people, or as JSON for programs.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(name: .customLong("output"), help: "The format of the output: text, or json for scripts.") var format =
        Format.text

    /// Prints what was done: the sentence, or the object that it was done to with `result` as its first member. Without
    /// a sentence, prints the members of the object as text.
    func report(_ result: String, _ document: JSONObject = [:], _ sentence: String? = nil) {
        guard format == .json else {
            if let sentence { Terminal.say(sentence) } else { show(document) }
            return
        }
        var whole: JSONObject = ["result": .string(result)]
        whole.merge(document)
        say(whole)
    }

    private func say(_ document: JSONObject) {
        Terminal.print(String(decoding: document.serialized(), as: UTF8.self) + "\n")
    }

    /// Prints one thing: a line for each member, or the object.
    func show(_ document: JSONObject) {
        guard format == .text else { return say(document) }
        let width = document.names.map(\.count).max() ?? 0
        for (name, value) in document.members {
            for (index, line) in Cell.lines(value).enumerated() {
                let label = (index == 0 ? name : "").padded(to: width)
                Terminal.say("\(label)  \(line)")
            }
        }
    }

    /// Returns a list whose table has the members as columns.
    func listing(_ members: [String]) -> Listing { Listing(members, as: format) }
}

/// Objects printed as an aligned table of some of their members, or as a JSON array. Each `add` prints a page, so that
/// a list of any length fits in memory. The columns are as wide as the widest value so far.
struct Listing {
    private let members: [String]
    private let format: OutputOptions.Format
    private var widths: [Int]
    private var isEmpty = true

    init(_ members: [String], as format: OutputOptions.Format) {
        (self.members, self.format) = (members, format)
        widths = members.map(\.count)
    }

    mutating func add(_ documents: [JSONObject]) {
        guard format == .text else { return addObjects(documents) }
        let rows = documents.map { document in members.map { Cell.text(document[$0] ?? .null) } }
        for row in rows { widths = zip(widths, row).map { max($0, $1.count) } }
        if isEmpty { say(members.map { $0.replacing("_", with: " ").uppercased() }) }
        isEmpty = false
        for row in rows { say(row) }
    }

    /// Prints the header of an empty table, or the end of the array.
    mutating func end() {
        switch format {
        case .text: if isEmpty { add([]) }
        case .json: Terminal.say(isEmpty ? "[]" : "\n]")
        }
    }

    private func say(_ row: [String]) {
        let last = row.indices.last
        let cells = row.enumerated().map { $0 == last ? $1 : $1.padded(to: widths[$0]) }
        Terminal.say(cells.joined(separator: "  "))
    }

    private mutating func addObjects(_ documents: [JSONObject]) {
        for document in documents {
            Terminal.print((isEmpty ? "[\n" : ",\n") + String(decoding: document.serialized(), as: UTF8.self))
            isEmpty = false
        }
    }
}

/// A JSON value as people read it.
enum Cell {
    static func text(_ value: JSON) -> String {
        switch value {
        case .null: "-"
        case .bool(let isTrue): isTrue ? "yes" : "no"
        case .string(let text): text.isEmpty ? "-" : text.printable()
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .array(let items): items.isEmpty ? "-" : items.map(text).joined(separator: " ")
        case .object(let object):
            object.members.filter { $0.value != .null }.map { "\($0.name)=\(text($0.value))" }.joined(separator: " ")
        }
    }

    /// One line for each object of a list, otherwise one line.
    static func lines(_ value: JSON) -> [String] {
        guard let items = value.array, items.contains(where: { $0.object != nil }) else { return [text(value)] }
        return items.map(text)
    }
}

extension String {
    /// The text without characters that control the terminal or start a new row, except those in `layout`. Names are
    /// chosen by others.
    func printable(keeping layout: Set<Unicode.Scalar> = []) -> String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator:
                        layout.contains(scalar) ? scalar : "\u{FFFD}"
                    default: scalar
                    }
                }))
    }

    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

// Members of printed objects.
extension JSON {
    static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
    /// A timestamp (RFC 3339) in UTC, such as `2026-11-21T13:00:00Z`.
    static func time(_ date: Date?) -> JSON { text(date?.formatted(.iso8601)) }
}
