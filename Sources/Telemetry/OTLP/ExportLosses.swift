import Logging
import Metrics
import Synchronization

/// Counts lost telemetry, and logs losses once a minute at most.
final class ExportLosses: Sendable {
    private struct State {
        var untold = 0
        var toldAt: ContinuousClock.Instant?
    }

    private static let silence = Duration.seconds(60)

    private let signal: OTLPSignal
    private let dropped: Counter
    private let state = Mutex(State())

    init(_ signal: OTLPSignal, factory: any MetricsFactory) {
        self.signal = signal
        dropped = Counter(
            label: "martlet.telemetry.dropped", dimensions: [("signal", signal.rawValue)], factory: factory)
    }

    func note(_ count: Int, cause: String) {
        guard count > 0 else { return }
        dropped.increment(by: count)
        let told = state.withLock { state -> Int? in
            state.untold += count
            if let last = state.toldAt, last.duration(to: .now) < Self.silence { return nil }
            state.toldAt = .now
            defer { state.untold = 0 }
            return state.untold
        }
        guard let told else { return }
        Logger.current.warning(
            "telemetry lost", metadata: ["signal": "\(signal.rawValue)", "count": "\(told)", "cause": "\(cause)"])
    }
}
