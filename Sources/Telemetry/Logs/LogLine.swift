import FoundationEssentials
import Logging

/// One line, ready to be worded. Whatever stands in a message, it stays one line.
struct LogLine {
    let time: Date
    let level: Logger.Level
    let label: String
    let message: String
    let trace: TraceContext?
    let values: [(String, Logger.MetadataValue)]

    var json: [UInt8] {
        var line =
            "{\"time\":\(Self.quoted(timestamp)),\"level\":\"\(level.rawValue)\",\"message\":\(Self.quoted(message))"
        if let trace { line += ",\"trace_id\":\"\(trace.traceID)\",\"span_id\":\"\(trace.spanID)\"" }
        if !label.isEmpty { line += ",\"logger\":\(Self.quoted(label))" }
        for (key, value) in values { line += ",\(Self.quoted(key)):\(Self.json(value))" }
        return Array((line + "}").utf8)
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

    private var timestamp: String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private var colour: Int {
        switch level {
        case .trace, .debug: 90
        case .info: 32
        case .notice: 36
        case .warning: 33
        case .error, .critical: 31
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .stringConvertible(let object): quoted("\(object)")
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\(quoted($0)):\(json($1))" }.joined(separator: ",") + "}"
        }
    }

    private static func word(_ value: Logger.MetadataValue) -> String {
        let text = plain(value.description)
        return text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where isControl(scalar): quoted += escape(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Without line breaks and escape sequences, with which a sender could forge lines or hide them.
    private static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { plain, scalar in
            if isControl(scalar) { plain += escape(scalar) } else { plain.unicodeScalars.append(scalar) }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
