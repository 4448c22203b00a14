import Synchronization
package import Tracing

/// A span that ended, for an exporter.
package struct FinishedSpan: Sendable {
    package let name: String
    package let trace: TraceContext
    package let parent: String?
    package let kind: SpanKind
    /// Nanoseconds since 1970.
    package let startedAt: UInt64
    package let endedAt: UInt64
    package let attributes: SpanAttributes
    package let events: [SpanEvent]
    package let status: SpanStatus?
}

/// Takes spans that ended. Must not block: it is called on the way of a request.
package protocol SpanExporter: Sendable {
    func export(_ span: FinishedSpan)
}

/// A span under way. What is not sampled carries its identity only.
package final class RecordedSpan: Span {
    private struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var events: [SpanEvent] = []
        var status: SpanStatus?
        var hasEnded = false
    }

    package let context: ServiceContext
    package let isRecording: Bool
    private let parent: String?
    private let kind: SpanKind
    private let startedAt: UInt64
    private let exporters: [any SpanExporter]
    private let state: Mutex<State>

    init(
        _ name: String, context: ServiceContext, parent: String?, kind: SpanKind, isRecording: Bool,
        startedAt: UInt64, exporters: [any SpanExporter]
    ) {
        self.context = context
        self.parent = parent
        self.kind = kind
        self.isRecording = isRecording
        self.startedAt = startedAt
        self.exporters = exporters
        state = Mutex(State(name: name))
    }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { if isRecording { state.withLock { $0.attributes = newValue } } }
    }

    package func setStatus(_ status: SpanStatus) { state.withLock { $0.status = status } }

    package func addEvent(_ event: SpanEvent) { if isRecording { state.withLock { $0.events.append(event) } } }

    package func addLink(_ link: SpanLink) {}

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        // The type only: what an error says may come from outside.
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
        setStatus(SpanStatus(code: .error))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard isRecording, let trace = context.traceContext else { return }
        let ended = state.withLock { state -> State? in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let ended else { return }
        let span = FinishedSpan(
            name: ended.name, trace: trace, parent: parent, kind: kind, startedAt: startedAt,
            endedAt: instant().nanosecondsSinceEpoch, attributes: ended.attributes, events: ended.events,
            status: ended.status)
        for exporter in exporters { exporter.export(span) }
    }
}
