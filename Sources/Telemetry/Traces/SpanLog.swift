package import Logging
import Tracing

/// Writes spans that ended as log lines of level debug: a trace without a collector.
package struct SpanLog: SpanExporter {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    package func export(_ span: FinishedSpan) {
        // A span ends where the one above it is current.
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
