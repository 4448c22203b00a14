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
            span.attributes["http.request.method"] = method
            span.attributes["url.scheme"] = exchange.isSecure ? "https" : "http"
            span.attributes["client.address"] = exchange.remoteAddress
            var answer = try await next(exchange)
            span.operationName = "\(method) \(answer.route)"
            span.attributes["http.route"] = answer.route
            span.attributes["http.response.status_code"] = answer.status.code
            if answer.status.kind == .serverError { span.setStatus(SpanStatus(code: .error)) }
            // What somebody can quote who asks for help.
            if let id = TraceID.current { answer.headers[.requestID] = id }
            return answer
        }
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
