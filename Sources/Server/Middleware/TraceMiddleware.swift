import HTTPTypes
import IdentityProvider
import Instrumentation
import Tracing

/// A span for each request, below the one that the client sent along (W3C Trace Context).
struct TraceMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var context = ServiceContext.topLevel
        // What the client says of a trace ties logs together; it is trusted for nothing more.
        InstrumentationSystem.instrument.extract(exchange.head.headerFields, into: &context, using: FieldsExtractor())
        let method = exchange.head.method.known
        return try await withSpan(method, context: context, ofKind: .server) { span in
            var answer = try await next(exchange)
            if span.isRecording { describe(exchange, method, answer, in: span) }
            // What somebody can quote who asks for help.
            if let id = TraceID.current { answer.headers[.requestID] = id }
            return answer
        }
    }
}

extension TraceMiddleware {
    /// OpenTelemetry, semantic conventions for HTTP spans. A query is never told, and a path only where a route answers
    /// at it: elsewhere it is the sender's text.
    private func describe(_ exchange: Exchange, _ method: String, _ answer: Answer, in span: any Span) {
        span.operationName = "\(method) \(answer.route)"
        span.updateAttributes { attributes in
            attributes["http.request.method"] = method
            attributes["url.scheme"] = exchange.isSecure ? "https" : "http"
            attributes["client.address"] = exchange.remoteAddress
            attributes["http.route"] = answer.route
            attributes["http.response.status_code"] = answer.status.code
            if exchange.path.hasSuffix(answer.route) { attributes["url.path"] = String(exchange.path) }
            guard let authority = answer.issuer?.authority else { return }
            if let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...]) {
                attributes["server.address"] = String(authority[..<colon])
                attributes["server.port"] = port
            } else {
                attributes["server.address"] = authority
            }
        }
        guard answer.status.kind == .serverError else { return }
        span.updateAttributes { $0["error.type"] = String(answer.status.code) }
        span.setStatus(SpanStatus(code: .error))
    }
}

extension HTTPRequest.Method {
    /// Itself if it is a method of RFC 9110 or `PATCH`; otherwise `_OTHER`, for it is the sender's text.
    var known: String {
        switch self {
        case .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch: rawValue
        default: "_OTHER"
        }
    }
}

private struct FieldsExtractor: Extractor {
    func extract(key: String, from fields: HTTPFields) -> String? { HTTPField.Name(key).flatMap { fields[$0] } }
}
