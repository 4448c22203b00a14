import Foundation
import Logging
import Synchronization
import Telemetry
import Testing
import Tracing

private final class Lines: LogOutput {
    private let lines = Mutex<[String]>([])
    func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
    var all: [String] { lines.withLock { $0 } }
}

@Suite("Log lines")
struct LogTests {
    private func logger(_ lines: Lines, _ format: LogFormat, _ level: Logger.Level = .trace) -> Logger {
        Logger(label: "test") {
            StructuredLogHandler(
                label: $0, format: format, level: level, output: lines,
                now: { Date(timeIntervalSince1970: 1_800_000_000.25) })
        }
    }

    private func parse(_ line: String?) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data((line ?? "").utf8))
        return try #require(object as? [String: Any])
    }

    @Test("a JSON line has time, level, trace, span and message, and the call's metadata overrides the logger's")
    func json() throws {
        let lines = Lines()
        var logger = logger(lines, .json)
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        var context = ServiceContext.topLevel
        context.traceContext = TraceContext(
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: nil)
        ServiceContext.withValue(context) { logger.info("said", metadata: ["a": "call", "list": ["x", ["y": "z"]]]) }
        let line = try parse(lines.all.first)
        #expect(line["time"] as? String == "2027-01-15T08:00:00.250Z")
        #expect(line["level"] as? String == "info")
        #expect(line["trace_id"] as? String == "0af7651916cd43dd8448eb211c80319c")
        #expect(line["span_id"] as? String == "b7ad6b7169203331")
        #expect(line["a"] as? String == "call")
        #expect(line["b"] as? String == "logger")
    }

    @Test(
        "no value can forge or hide a line", arguments: LogFormat.allCases,
        [
            "a\nINFO forged", "a\r\n{}", "a\u{1B}[2Jb", "a\u{2028}b", "a\u{0}b", "a\u{202E}b", "\"},{\"a\":\"",
            "a\u{85}b",
        ])
    func injection(_ format: LogFormat, _ text: String) throws {
        let lines = Lines()
        logger(lines, format).info("\(text)", metadata: ["key": "\(text)", "k\(text)": "v"])
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        let forbidden: [Unicode.Scalar] = ["\n", "\r", "\u{1B}", "\u{2028}", "\u{0}", "\u{202E}", "\u{85}"]
        #expect(!line.unicodeScalars.contains(where: forbidden.contains))
        if format == .json { #expect(try parse(line)["key"] as? String == text) }
    }

    @Test(
        "secrets are not written, whether recognized by name or by form", arguments: LogFormat.allCases,
        [
            ("password", "hunter2"), ("Client-Secret", "hunter2"), ("refresh_token", "hunter2"), ("code", "hunter2"),
            ("note", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2"), ("header", "Bearer hunter2"),
            ("pem", "-----BEGIN PRIVATE KEY-----\nhunter2"), ("text", "it is eyJh.hunter2.x there"),
        ])
    func redaction(_ format: LogFormat, _ pair: (String, String)) {
        let lines = Lines()
        logger(lines, format).info(
            "said \(pair.1)", metadata: [pair.0: "\(pair.1)", "nested": ["list": ["\(pair.1)"], pair.0: "\(pair.1)"]])
        let isByName = !pair.1.contains("eyJ") && !pair.1.contains("earer") && !pair.1.contains("PRIVATE")
        let line = lines.all.joined()
        #expect(line.contains("[redacted]"))
        // A secret recognized only by its key is written where no key names it: in the message and in the plain list.
        let count = line.components(separatedBy: "hunter2").count - 1
        #expect(count == (isByName ? 2 : 0))
    }

    @Test("metadata with a reserved name is renamed, so that each field appears once")
    func names() throws {
        let lines = Lines()
        logger(lines, .json).info(
            "said", metadata: ["level": "a", "message": "b", "time": "c", "trace_id": "d", "logger": "e"])
        let line = try #require(lines.all.first)
        let object = try parse(line)
        #expect(object["level"] as? String == "info" && object["message"] as? String == "said")
        #expect(object["level_"] as? String == "a" && object["trace_id_"] as? String == "d")
        #expect(line.components(separatedBy: "\"level\"").count == 2)
    }

    @Test("lines below the log level are not written")
    func level() {
        let lines = Lines()
        let logger = logger(lines, .text, .warning)
        logger.info("no")
        logger.warning("yes")
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("WARNING  yes") == true)
    }

    @Test("64 tasks write 100 lines each, and none is lost")
    func concurrency() async {
        let lines = Lines()
        let logger = logger(lines, .json)
        await withTaskGroup { group in
            for task in 0..<64 { group.addTask { for line in 0..<100 { logger.info("\(task) \(line)") } } }
        }
        #expect(Set(lines.all).count == 6_400)
    }
}
