package import Tracing
import Synchronization

/// A span under way. What nobody reads carries its identity only.
package final class RecordedSpan: Span {
    private struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var status: SpanStatus?
        var isRefused = false
        var hasEnded = false
    }

    /// Events and links of one span; more are left out (OpenTelemetry, span limits).
    private static let limit = 128

    package let context: ServiceContext
    package let isRecording: Bool
    private let trace: TraceContext
    private let parent: UInt64?
    private let kind: SpanKind
    private let startedAt: UInt64
    private let exporters: [any SpanExporter]
    /// Where the span waits for the end of its trace, and whether it is the first of it here.
    private let held: (trace: HeldTrace, isFirst: Bool)?
    private let isRefusal: @Sendable (any Error) -> Bool
    private let state: Mutex<State>

    init(
        _ name: String, context: ServiceContext, trace: TraceContext, parent: UInt64?, kind: SpanKind,
        startedAt: UInt64, exporters: [any SpanExporter], held: (trace: HeldTrace, isFirst: Bool)?,
        isRefusal: @escaping @Sendable (any Error) -> Bool
    ) {
        self.context = context
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.startedAt = startedAt
        self.exporters = exporters
        self.held = held
        self.isRefusal = isRefusal
        isRecording = !exporters.isEmpty
        state = Mutex(State(name: name))
    }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { if isRecording { state.withLock { $0.name = newValue } } }
    }

    package var attributes: SpanAttributes {
        get { isRecording ? state.withLock { $0.attributes } : [:] }
        set { if isRecording { state.withLock { $0.attributes = newValue } } }
    }

    package func setStatus(_ status: SpanStatus) {
        guard isRecording else { return }
        // `withSpan` says after whatever was thrown that it is an error.
        state.withLock { if !$0.isRefused || status.code != .error { $0.status = status } }
    }

    package func addEvent(_ event: SpanEvent) {
        guard isRecording else { return }
        state.withLock { if $0.events.count < Self.limit { $0.events.append(event) } }
    }

    package func addLink(_ link: SpanLink) {
        guard isRecording else { return }
        state.withLock { if $0.links.count < Self.limit { $0.links.append(link) } }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        let isRefused = isRefusal(error)
        state.withLock { $0.isRefused = isRefused }
        guard !isRefused else { return }
        // The type only: what an error says may come from outside.
        let type = "\(type(of: error))"
        var attributes = attributes
        attributes["exception.type"] = type
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
        updateAttributes { $0["error.type"] = type }
        setStatus(SpanStatus(code: .error))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard isRecording else { return }
        let ended = state.withLock { state -> State? in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let ended else { return }
        let span = FinishedSpan(
            name: ended.name, trace: trace, parentSpan: parent, kind: kind, startedAt: startedAt,
            endedAt: instant().nanosecondsSinceEpoch, attributes: ended.attributes, events: ended.events,
            links: ended.links, status: ended.status)
        guard let held else { return export(span) }
        for span in held.trace.add(span, isFirst: held.isFirst) { export(span) }
    }

    private func export(_ span: FinishedSpan) { for exporter in exporters { exporter.export(span) } }
}
