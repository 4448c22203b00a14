package import Logging
import Tracing

/// Writes finished spans as debug log lines, which gives traces without a collector.
package struct SpanLog: SpanExporter {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func export(_ span: FinishedSpan) {
        // When a span ends, its parent is the current span.
        var context = ServiceContext.topLevel
        context.traceContext = span.trace
        ServiceContext.withValue(context) {
            logger.debug(
                "span",
                metadata: [
                    "name": "\(span.name)", "parent": "\(span.parent ?? "none")",
                    "microseconds": "\((span.endedAt &- span.startedAt) / 1_000)",
                ])
        }
    }
}
