import Tracing

/// `Span` of opentelemetry/proto/trace/v1/trace.proto.
extension ProtobufWriter {
    mutating func span(_ field: Int, _ span: FinishedSpan) {
        message(field) { writer in
            writer.identity(of: span)
            writer.string(5, span.name)
            writer.varint(6, span.kind.number)
            writer.fixed64(7, span.startedAt)
            writer.fixed64(8, span.endedAt)
            writer.attributes(9, span.attributes)
            for event in span.events { writer.event(11, event) }
            for link in span.links { writer.link(13, link) }
            if let status = span.status { writer.status(15, status) }
            // The lowest byte holds the flags of W3C Trace Context.
            writer.fixed32(16, span.trace.isSampled ? 1 : 0)
        }
    }

    private mutating func identity(of span: FinishedSpan) {
        bytes(1, bigEndian: span.trace.high, span.trace.low)
        bytes(2, bigEndian: span.trace.span)
        if let state = span.trace.state { string(3, state) }
        if let parent = span.parentSpan { bytes(4, bigEndian: parent) }
    }

    private mutating func event(_ field: Int, _ event: SpanEvent) {
        message(field) { writer in
            writer.fixed64(1, event.nanosecondsSinceEpoch)
            writer.string(2, event.name)
            writer.attributes(3, event.attributes)
        }
    }

    private mutating func link(_ field: Int, _ link: SpanLink) {
        guard let trace = link.context.traceContext else { return }
        message(field) { writer in
            writer.bytes(1, bigEndian: trace.high, trace.low)
            writer.bytes(2, bigEndian: trace.span)
            writer.attributes(4, link.attributes)
        }
    }

    private mutating func status(_ field: Int, _ status: SpanStatus) {
        message(field) { writer in
            // 1 is OK, 2 is ERROR.
            writer.varint(3, status.code == .error ? 2 : 1)
        }
    }
}

extension SpanKind {
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
