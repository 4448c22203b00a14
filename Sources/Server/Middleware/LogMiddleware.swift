import HTTPTypes
import Logging

/// One line for each request: the route, never the path, query, body or any header, for those hold codes and tokens.
struct LogMiddleware: Middleware {
    private let clock = ContinuousClock()

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        let start = clock.now
        var values: Logger.Metadata = [
            "method": "\(exchange.head.method.known)", "client": "\(exchange.remoteAddress)",
        ]
        do {
            let answer = try await next(exchange)
            values["route"] = "\(answer.route ?? "none")"
            values["status"] = "\(answer.status.code)"
            values["milliseconds"] = "\((clock.now - start).milliseconds)"
            Logger.current.info("request", metadata: values)
            return answer
        } catch {
            values["cause"] = "\(type(of: (error as? BrokenRequest)?.cause ?? error))"
            Logger.current.info("request broken off", metadata: values)
            throw error
        }
    }
}

extension Duration {
    /// With three decimals.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1_000
    }
}
