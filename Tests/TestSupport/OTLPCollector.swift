import Foundation

/// A telemetry collector in its own process, which decodes with `opentelemetry-proto`. It ends with the process that
/// started it.
package final class OTLPCollector: Sendable {
    /// One received request.
    package struct Request: Sendable {
        package let signal: String
        package let behaviour: String
        package let headers: [String: String]
        /// Seconds since 1970.
        package let at: Double
        package let resource: [String: JSONValue]
        package let records: [[String: JSONValue]]
    }

    private let folder: Folder
    package let port: Int
    private let process = Process()
    /// The collector runs as long as this stays open.
    private let lifeline = Pipe()

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers/otlp-collector").standardizedFileURL

    /// `behaviour` is how to respond: one word per request, and the last one for all further requests.
    package init(port: Int? = nil, _ behaviour: [String] = ["accept"]) async throws {
        folder = try Folder()
        self.port = try port ?? freePort()
        try folder.write("behaviour", behaviour.joined(separator: "\n"))
        let log = folder.url.appending(path: "log")
        try Data().write(to: log)
        process.executableURL = Self.script
        process.arguments = [folder.url.path(), String(self.port)]
        process.standardInput = lifeline
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        let (port, process) = (self.port, process)
        try await until("the collector listens") {
            guard process.isRunning else {
                throw Unexpected(
                    "the collector did not start: \((try? String(contentsOf: log, encoding: .utf8)) ?? "")")
            }
            return !isFree(port)
        }
    }

    deinit { try? lifeline.fileHandleForWriting.close() }

    package var endpoint: String { "http://127.0.0.1:\(port)" }

    package func behave(_ behaviour: String...) throws {
        try folder.write("behaviour", behaviour.joined(separator: "\n"))
    }

    /// Everything that was sent, as lines of text. Leaves out a line that the collector is still writing.
    package var text: String {
        let text = (try? String(contentsOf: folder.url.appending(path: "received.jsonl"), encoding: .utf8)) ?? ""
        return text.lastIndex(of: "\n").map { String(text[...$0]) } ?? ""
    }

    package func requests(_ signal: String) throws -> [Request] {
        try text.split(separator: "\n").map { line in
            try JSONDecoder().decode(Line.self, from: Data(line.utf8))
        }.filter { $0.signal == signal }.map { line in
            Request(
                signal: line.signal, behaviour: line.behaviour, headers: line.headers, at: line.at,
                resource: line.groups.first?.resource ?? [:], records: line.groups.flatMap(\.records))
        }
    }

    package func records(_ signal: String) throws -> [[String: JSONValue]] {
        try requests(signal).flatMap(\.records)
    }

    private struct Line: Decodable {
        struct Group: Decodable {
            let resource: [String: JSONValue]
            let records: [[String: JSONValue]]
        }
        let signal: String
        let behaviour: String
        let headers: [String: String]
        let at: Double
        let groups: [Group]
    }
}

/// Any JSON, for tests to inspect.
package enum JSONValue: Decodable, Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSONValue])
    case object([String: JSONValue])
    case null

    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral number: Int) { self = .number(Double(number)) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var number: Double? { if case .number(let number) = self { number } else { nil } }
    package var list: [JSONValue] { if case .list(let list) = self { list } else { [] } }
}
