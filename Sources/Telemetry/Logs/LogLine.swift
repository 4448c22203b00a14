import FoundationEssentials
import Logging

/// One log entry, ready to be formatted. It stays on one line, whatever its message contains.
struct LogLine {
    let time: Date
    let level: Logger.Level
    let label: String
    let message: String
    let trace: TraceContext?
    let values: [(String, Logger.MetadataValue)]

    /// The names of the built-in members. Names must be unique in an object (RFC 8259 §4).
    private static let own: Set = ["time", "level", "message", "trace_id", "span_id", "logger"]

    var json: [UInt8] {
        var json = JSONLine()
        json.member("time") { $0.text(timestamp) }
        json.member("level") { $0.text(level.rawValue) }
        json.member("message") { $0.text(message) }
        if let trace {
            json.member("trace_id") { $0.hexadecimal(trace.high, trace.low) }
            json.member("span_id") { $0.hexadecimal(trace.span) }
        }
        if !label.isEmpty { json.member("logger") { $0.text(label) } }
        for (key, value) in values { json.member(Self.own.contains(key) ? "\(key)_" : key) { $0.value(value) } }
        return json.finished
    }

    func text(usesColour: Bool) -> [UInt8] {
        let word = level.rawValue.uppercased()
        let padded = word + String(repeating: " ", count: max(0, 8 - word.count))
        let shown = usesColour ? "\u{1B}[\(colour)m\(padded)\u{1B}[0m" : padded
        var line = "\(timestamp.dropFirst(11).prefix(12)) \(shown) \(Self.plain(message))"
        for (key, value) in values { line += " \(Self.plain(key))=\(Self.word(value))" }
        if let trace { line += " trace=\(trace.traceID.prefix(8))" }
        return Array(line.utf8)
    }

    private static let timestampStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private var timestamp: String { Self.timestampStyle.format(time) }

    private var colour: Int {
        switch level {
        case .trace, .debug: 90
        case .info: 32
        case .notice: 36
        case .warning: 33
        case .error, .critical: 31
        }
    }

    private static func word(_ value: Logger.MetadataValue) -> String {
        let text = plain(value.description)
        return text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
    }

    /// Escapes line breaks and terminal control sequences, which could forge or hide lines (log injection).
    private static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { plain, scalar in
            if scalar.isControl { plain += scalar.escaped } else { plain.unicodeScalars.append(scalar) }
        }
    }
}

extension Unicode.Scalar {
    /// Whether the scalar could end a line, move the cursor or change the direction of text.
    var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The numeric escape of JSON. Only valid for a scalar that `isControl`.
    var escaped: String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
