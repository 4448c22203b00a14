import HTTPTypes
import Metrics
import Synchronization

/// Counts requests and the time they took, by method, route and status: never by path, which can be anything.
struct MetricsMiddleware: Middleware {
    private let timers = RequestTimers()

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        let start = ContinuousClock.now
        let answer = try await next(exchange)
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        timers.timer(exchange.head.method.known, answer)
            .recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        return answer
    }
}

/// The timers of all that was answered so far: as many as there are routes and statuses of ours.
private final class RequestTimers: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private let timers = Mutex<[Key: Timer]>([:])

    func timer(_ method: String, _ answer: Answer) -> Timer {
        let key = Key(method: method, route: answer.route, status: answer.status.code)
        return timers.withLock { timers in
            if let timer = timers[key] { return timer }
            // OpenTelemetry, semantic conventions for HTTP metrics.
            let timer = Timer(
                label: "http.server.request.duration",
                dimensions: [
                    ("http.request.method", method), ("http.route", answer.route),
                    ("http.response.status_code", String(answer.status.code)),
                ])
            timers[key] = timer
            return timer
        }
    }
}
