import FoundationEssentials
package import Tracing

/// Makes spans and carries their identity in and out as W3C Trace Context.
package struct W3CTracer: Tracer {
    private let exporters: [any SpanExporter]
    private let ratio: Double

    /// Of the traces that begin here `ratio` (0 to 1) are sampled; those that come from outside as they say.
    package init(exporters: [any SpanExporter], ratio: Double = 1) {
        self.exporters = exporters
        self.ratio = ratio
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        var context = context()
        let parent = context.traceContext
        let isSampled = parent?.isSampled ?? (ratio >= 1 || Double.random(in: 0..<1) < ratio)
        context.traceContext = TraceContext(
            traceID: parent?.traceID ?? TraceContext.randomHex(16), spanID: TraceContext.randomHex(8),
            isSampled: isSampled, state: parent?.state)
        return RecordedSpan(
            operationName, context: context, parent: parent?.spanID, kind: kind,
            isRecording: isSampled && !exporters.isEmpty, startedAt: instant().nanosecondsSinceEpoch,
            exporters: exporters)
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
