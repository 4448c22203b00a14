import Synchronization
import Tracing

/// The spans that an unsampled trace has in this process, held back until the first of them ends: only then it is known
/// whether anything failed, and what failed is exported whatever the sampling says.
package final class HeldTrace: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
        var hasFailed = false
        var isOver = false
    }

    /// More spans of one trace are not held: its first ones say where it went wrong.
    static let limit = 256

    private let state = Mutex(State())

    /// Takes a span that ended; returns what is to be exported now. `isFirst` says that it was the first to begin.
    func add(_ span: FinishedSpan, isFirst: Bool) -> [FinishedSpan] {
        state.withLock { state in
            if span.hasFailed { state.hasFailed = true }
            if state.isOver { return state.hasFailed ? [span] : [] }
            // The one that all others hang from is always kept, and so is what failed.
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

    /// Where the spans below the one under way are held; `nil` when they are exported as they end.
    var heldTrace: HeldTrace? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
