package import Tracing

/// Creates spans and propagates their identity as W3C Trace Context.
///
/// A class although it is immutable, because the tracing API casts it three times per span, and casting a value copies
/// it.
package final class W3CTracer: Tracer {
    private let exporters: [any SpanExporter]
    private let sampling: TraceSampling
    private let isRefusal: @Sendable (any Error) -> Bool

    /// Samples the fraction `ratio` (0 to 1) of traces started here, and follows the caller's decision for others.
    /// Failed spans are exported in any case. An error that `isRefusal` identifies is a regular response rather than a
    /// failure, and leaves the status unset (OpenTelemetry semantic conventions for HTTP spans, status).
    package init(
        exporters: [any SpanExporter], ratio: Double = 1,
        isRefusal: @escaping @Sendable (any Error) -> Bool = { _ in false }
    ) {
        self.exporters = exporters
        self.isRefusal = isRefusal
        sampling = TraceSampling(ratio: ratio)
    }

    /// Returns whether a trace started here is sampled. `low` is the second half of its ID.
    package func isSampled(_ low: UInt64) -> Bool { sampling.isSampled(low) }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        var context = context()
        let parent = context.traceContext
        // Without exporters, the first span's identity serves for all its descendants.
        if exporters.isEmpty, let parent, parent.isOurs { return RecordedSpan(context) }
        let trace = TraceContext(below: parent, isSampled: sampling.isSampled)
        context.traceContext = trace
        guard !exporters.isEmpty else { return RecordedSpan(context) }
        var held: (trace: HeldTrace, isFirst: Bool)?
        if !trace.isSampled {
            let above = context.heldTrace
            let new = above ?? HeldTrace()
            held = (new, above == nil)
            if above == nil { context.heldTrace = new }
        }
        return RecordedSpan(
            context,
            recording: SpanRecording(
                operationName, trace: trace, parent: parent?.span, kind: kind,
                startedAt: instant().nanosecondsSinceEpoch, exporters: exporters, held: held, isRefusal: isRefusal))
    }

    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let traceparent = extractor.extract(key: "traceparent", from: carrier) else { return }
        context.traceContext = TraceContext(
            traceparent: traceparent, tracestate: extractor.extract(key: "tracestate", from: carrier))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.traceContext else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }
}
