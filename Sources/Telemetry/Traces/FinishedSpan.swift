package import Tracing

/// A span that ended, for an exporter.
package struct FinishedSpan: Sendable {
    package let name: String
    package let trace: TraceContext
    package let parentSpan: UInt64?
    package let kind: SpanKind
    /// Nanoseconds since 1970.
    package let startedAt: UInt64
    package let endedAt: UInt64
    package let attributes: SpanAttributes
    package let events: [SpanEvent]
    package let links: [SpanLink]
    package let status: SpanStatus?

    /// The identifier of the span above it, as `TraceContext.spanID` writes it.
    package var parent: String? { parentSpan.map { Hexadecimal.text($0) } }
}

/// Takes spans that ended. Must not block: it is called on the way of a request.
package protocol SpanExporter: Sendable {
    func export(_ span: FinishedSpan)
}
