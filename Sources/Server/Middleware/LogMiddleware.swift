import HTTPTypes
import Logging

/// Logs one line for each request, and a sample of those that were rate limited. It contains the route but never the
/// path, query, body or header fields, which hold codes and tokens.
struct LogMiddleware: Middleware {
    private let clock = ContinuousClock()
    private let limited = LogSampler()

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        let start = clock.now
        var values: Logger.Metadata = [
            "method": "\(exchange.head.method.known)", "address": "\(exchange.remoteAddress)",
        ]
        do {
            let answer = try await next(exchange)
            values["route"] = "\(answer.route ?? "none")"
            values["status"] = "\(answer.status.code)"
            values["milliseconds"] = "\((clock.now - start).milliseconds)"
            guard answer.status == .tooManyRequests else {
                Logger.current.info("request", metadata: values)
                return answer
            }
            guard let suppressed = limited.admit(answer.route ?? "none", at: clock.now) else { return answer }
            values["cause"] = "\(answer.cause ?? "too many attempts")"
            values["client_id"] = answer.client.map { "\($0)" }
            values["suppressed"] = "\(suppressed)"
            Logger.current.notice("rate limited", metadata: values)
            return answer
        } catch {
            values["cause"] = "\(type(of: (error as? BrokenRequest)?.cause ?? error))"
            Logger.current.info("request aborted", metadata: values)
            throw error
        }
    }
}

extension Duration {
    /// With three decimal places.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1_000
    }
}
