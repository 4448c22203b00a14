import Synchronization
import Tracing

/// The data of a span, exported when it ends.
final class SpanRecording: Sendable {
    struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        fileprivate var events: [SpanEvent] = []
        fileprivate var links: [SpanLink] = []
        fileprivate var status: SpanStatus?
        fileprivate var isRefused = false
        fileprivate var hasEnded = false

        fileprivate init(name: String) { self.name = name }
    }

    /// The maximum number of events and of links per span; the rest are dropped (OpenTelemetry span limits).
    private static let limit = 128

    private let trace: TraceContext
    private let parent: UInt64?
    private let kind: SpanKind
    private let startedAt: UInt64
    private let exporters: [any SpanExporter]
    /// The trace that holds the span back, and whether the span is the trace's first in this process.
    private let held: (trace: HeldTrace, isFirst: Bool)?
    private let isRefusal: @Sendable (any Error) -> Bool
    private let state: Mutex<State>

    /// `startedAt` is in nanoseconds since 1970.
    init(
        _ name: String, trace: TraceContext, parent: UInt64?, kind: SpanKind, startedAt: UInt64,
        exporters: [any SpanExporter], held: (trace: HeldTrace, isFirst: Bool)?,
        isRefusal: @escaping @Sendable (any Error) -> Bool
    ) {
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.startedAt = startedAt
        self.exporters = exporters
        self.held = held
        self.isRefusal = isRefusal
        state = Mutex(State(name: name))
    }

    func withState<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock { body(&$0) } }

    func set(_ status: SpanStatus) {
        // `withSpan` sets an error status after every thrown error, including refusals.
        state.withLock { if !$0.isRefused || status.code != .error { $0.status = status } }
    }

    func add(_ event: SpanEvent) {
        state.withLock { if $0.events.count < Self.limit { $0.events.append(event) } }
    }

    func add(_ link: SpanLink) {
        state.withLock { if $0.links.count < Self.limit { $0.links.append(link) } }
    }

    func record(_ error: any Error, _ attributes: SpanAttributes, at instant: some TracerInstant) {
        let isRefused = isRefusal(error)
        state.withLock { $0.isRefused = isRefused }
        guard !isRefused else { return }
        // Records only the type, because an error's description may contain outside input.
        let type = "\(type(of: error))"
        var attributes = attributes
        attributes["exception.type"] = type
        add(SpanEvent(name: "exception", at: instant, attributes: attributes))
        withState { $0.attributes["error.type"] = type }
        set(SpanStatus(code: .error))
    }

    /// Ends the span, once. `endedAt` is in nanoseconds since 1970.
    func end(at endedAt: UInt64) {
        let span = state.withLock { state -> FinishedSpan? in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return FinishedSpan(
                name: state.name, trace: trace, parentSpan: parent, kind: kind, startedAt: startedAt, endedAt: endedAt,
                attributes: state.attributes, events: state.events, links: state.links, status: state.status)
        }
        guard let span else { return }
        guard let held else { return export(span) }
        for span in held.trace.add(span, isFirst: held.isFirst) { export(span) }
    }

    private func export(_ span: FinishedSpan) { for exporter in exporters { exporter.export(span) } }
}
