import Synchronization

/// Admits one log line a second for each route, so that a flood of requests doesn't become a flood of lines.
final class LogSampler: Sendable {
    private struct Line {
        let loggedAt: ContinuousClock.Instant
        var suppressed = 0
    }

    private let lines = Mutex<[String: Line]>([:])

    /// Returns the number of lines suppressed since the last one; `nil` if this one is suppressed as well. `route` comes
    /// from a fixed set.
    func admit(_ route: String, at now: ContinuousClock.Instant) -> Int? {
        lines.withLock { lines in
            let last = lines[route]
            if let last, now - last.loggedAt < .seconds(1) {
                lines[route]?.suppressed += 1
                return nil
            }
            lines[route] = Line(loggedAt: now)
            return last?.suppressed ?? 0
        }
    }
}
