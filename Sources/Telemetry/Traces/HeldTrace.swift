import Synchronization
import Tracing

/// The spans of an unsampled trace in this process, held back until the first span ends. Only then is it known whether
/// any span failed, and failures are exported regardless of sampling.
package final class HeldTrace: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
        var hasFailed = false
        var isOver = false
    }

    /// The maximum number of spans held per trace. The first ones show where it failed.
    static let limit = 256

    private let state = Mutex(State())

    /// Adds a finished span and returns the spans to export now. `isFirst` marks the span that began first.
    func add(_ span: FinishedSpan, isFirst: Bool) -> [FinishedSpan] {
        state.withLock { state in
            if span.hasFailed { state.hasFailed = true }
            if state.isOver { return state.hasFailed ? [span] : [] }
            // Always keeps the first span, and lets failed spans replace successful ones.
            if isFirst || state.spans.count < Self.limit - 1 {
                state.spans.append(span)
            } else if span.hasFailed, let place = state.spans.lastIndex(where: { !$0.hasFailed }) {
                state.spans[place] = span
            }
            guard isFirst else { return [] }
            state.isOver = true
            defer { state.spans = [] }
            return state.hasFailed ? state.spans : []
        }
    }
}

extension FinishedSpan {
    fileprivate var hasFailed: Bool { status?.code == .error }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = HeldTrace
    }

    /// The trace that holds back child spans of the current span; `nil` if they are exported as they end.
    var heldTrace: HeldTrace? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
