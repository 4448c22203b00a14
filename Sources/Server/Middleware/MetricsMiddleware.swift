import HTTPTypes
import Metrics
import Synchronization

/// Records the duration of requests by method, route and status, but never by path, which is unbounded.
struct MetricsMiddleware: Middleware {
    private let timers = RequestTimers()

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        let start = ContinuousClock.now
        let answer = try await next(exchange)
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        timers.timer(exchange, answer)
            .recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        return answer
    }
}

/// The timers in use so far, bounded by the number of routes and status codes.
private final class RequestTimers: Sendable {
    private struct Key: Hashable {
        let method: String
        let isSecure: Bool
        let route: String?
        let status: Int

        /// OpenTelemetry semantic conventions for HTTP metrics.
        var dimensions: [(String, String)] {
            [("http.request.method", method), ("url.scheme", isSecure ? "https" : "http")]
                + (route.map { [("http.route", $0)] } ?? [])
                + [("http.response.status_code", String(status))]
                + (status >= 500 ? [("error.type", String(status))] : [])
        }
    }

    private let timers = Mutex<[Key: Timer]>([:])

    func timer(_ exchange: Exchange, _ answer: Answer) -> Timer {
        let key = Key(
            method: exchange.head.method.known, isSecure: exchange.isSecure, route: answer.route,
            status: answer.status.code)
        return timers.withLock { timers in
            if let timer = timers[key] { return timer }
            let timer = Timer(label: "http.server.request.duration", dimensions: key.dimensions)
            timers[key] = timer
            return timer
        }
    }
}
