package import Logging

/// Writes spans that ended as log lines of level debug: a trace without a collector.
package struct SpanLog: SpanExporter {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func export(_ span: FinishedSpan) {
        logger.debug(
            "span",
            metadata: [
                "name": "\(span.name)", "trace_id": "\(span.trace.traceID)", "span_id": "\(span.trace.spanID)",
                "parent": "\(span.parent ?? "none")",
                "microseconds": "\((span.endedAt &- span.startedAt) / 1_000)",
            ])
    }
}
