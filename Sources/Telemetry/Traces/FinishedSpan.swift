package import Tracing

/// A finished span, as given to an exporter.
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

    /// The ID of the parent span, formatted like `TraceContext.spanID`.
    package var parent: String? { parentSpan.map { Hexadecimal.text($0) } }
}

/// Exports finished spans. Must not block, because it is called while a request is served.
package protocol SpanExporter: Sendable {
    func export(_ span: FinishedSpan)
}
