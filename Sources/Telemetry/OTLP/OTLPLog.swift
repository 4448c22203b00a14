import FoundationEssentials
import Logging

/// `LogRecord` of opentelemetry/proto/logs/v1/logs.proto.
extension ProtobufWriter {
    mutating func log(_ field: Int, _ line: LogLine) {
        let time = UInt64(max(0, line.time.timeIntervalSince1970) * 1_000_000_000)
        message(field) { writer in
            writer.fixed64(1, time)
            writer.varint(2, line.level.severity)
            writer.string(3, line.level.rawValue)
            writer.message(5) { $0.text(line.message) }
            for (name, value) in line.values { writer.attribute(6, name, value) }
            if let trace = line.trace {
                writer.fixed32(8, trace.isSampled ? 1 : 0)
                writer.bytes(9, bigEndian: trace.high, trace.low)
                writer.bytes(10, bigEndian: trace.span)
            }
            writer.fixed64(11, time)
        }
    }
}

extension Logger.Level {
    /// `SeverityNumber`: the first of each range, except that notice is the second of INFO.
    fileprivate var severity: UInt64 {
        switch self {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 21
        }
    }
}
