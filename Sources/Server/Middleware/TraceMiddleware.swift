import HTTPTypes
import Instrumentation
import Logging
import Tracing

/// A span and one log line for each request, below the trace that the client sent along (W3C Trace Context).
struct TraceMiddleware: Middleware {
    let clock = ContinuousClock()

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var context = ServiceContext.topLevel
        // What the client says of a trace is a hint for tying logs together, never trusted for more.
        InstrumentationSystem.instrument.extract(exchange.head.headerFields, into: &context, using: FieldsExtractor())
        let method = exchange.head.method.rawValue
        return try await withSpan(method, context: context, ofKind: .server) { span in
            let start = clock.now
            do {
                let answer = try await next(exchange)
                span.operationName = "\(method) \(answer.route)"
                span.attributes["http.request.method"] = method
                span.attributes["http.route"] = answer.route
                span.attributes["http.response.status_code"] = answer.status.code
                span.attributes["client.address"] = exchange.remoteAddress
                if answer.status.kind == .serverError { span.setStatus(SpanStatus(code: .error)) }
                log(exchange, answer, clock.now - start)
                return answer
            } catch {
                Logger.current.info(
                    "request broken off",
                    metadata: ["client": "\(exchange.remoteAddress)", "cause": "\(type(of: error))"])
                throw error
            }
        }
    }

    /// The route, never the path or the query: those hold codes and tokens.
    private func log(_ exchange: Exchange, _ answer: Answer, _ duration: Duration) {
        let milliseconds =
            Double(duration.components.attoseconds / 1_000_000_000_000) / 1_000
            + Double(duration.components.seconds) * 1_000
        Logger.current.info(
            "request",
            metadata: [
                "method": "\(exchange.head.method.rawValue)", "route": "\(answer.route)",
                "status": "\(answer.status.code)", "milliseconds": "\(milliseconds)",
                "client": "\(exchange.remoteAddress)",
            ])
    }
}

private struct FieldsExtractor: Extractor {
    func extract(key: String, from fields: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { fields[$0] }
    }
}
