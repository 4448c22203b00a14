import HTTPTypes
import IdentityProvider
import Instrumentation
import Tracing

/// A span for each request, below the one that the client sent along (W3C Trace Context).
struct TraceMiddleware: Middleware {
    /// Taken once: the system casts its instrument anew each time that it is asked for a tracer.
    private let tracer = InstrumentationSystem.tracer

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var context = ServiceContext.topLevel
        // What the client says of a trace ties logs together; it is trusted for nothing more.
        tracer.extract(exchange.head.headerFields, into: &context, using: FieldsExtractor())
        let method = exchange.head.method.known
        return try await tracer.withSpan(method, context: context, ofKind: .server) { span in
            var exchange = exchange
            exchange.trace = TraceID.of(span.context, by: tracer)
            var answer = try await next(exchange)
            if span.isRecording { describe(exchange, method, answer, in: span) }
            // What somebody can quote who asks for help.
            if let id = exchange.trace { answer.headers.append(HTTPField(name: .requestID, value: id)) }
            return answer
        }
    }
}

extension TraceMiddleware {
    /// OpenTelemetry, semantic conventions for HTTP spans. A query is never told, and a path only where a route answers
    /// at it: elsewhere it is the sender's text.
    private func describe(_ exchange: Exchange, _ method: String, _ answer: Answer, in span: any Span) {
        let name = method == HTTPRequest.Method.other ? "HTTP" : method
        span.operationName = answer.route.map { "\(name) \($0)" } ?? name
        // A dictionary that grows is built several times: this has room for all.
        var attributes: [String: SpanAttribute] = [:]
        attributes.reserveCapacity(9)
        attributes["http.request.method"] = .string(method)
        attributes["url.scheme"] = .string(exchange.isSecure ? "https" : "http")
        attributes["client.address"] = .string(exchange.remoteAddress)
        attributes["http.response.status_code"] = .int64(Int64(answer.status.code))
        if let route = answer.route {
            attributes["http.route"] = .string(route)
            attributes["url.path"] = .string(String(exchange.path))
        }
        if let issuer = answer.issuer {
            attributes["server.address"] = .string(issuer.host)
            if let port = issuer.port { attributes["server.port"] = .int64(Int64(port)) }
        }
        if answer.status.kind == .serverError { attributes["error.type"] = .string(String(answer.status.code)) }
        span.attributes = SpanAttributes(attributes)
        guard answer.status.kind == .serverError else { return }
        span.setStatus(SpanStatus(code: .error))
    }
}

extension HTTPRequest.Method {
    /// In place of a method that is not known (OpenTelemetry, semantic conventions for HTTP spans).
    static let other = "_OTHER"

    /// Itself if it is a method of RFC 9110 or `PATCH`; otherwise `_OTHER`, for it is the sender's text.
    var known: String {
        switch self {
        case .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch: rawValue
        default: Self.other
        }
    }
}

private struct FieldsExtractor: Extractor {
    /// The names are asked for in every request: those that are known need not be read anew.
    private static let traceparent = HTTPField.Name("traceparent")
    private static let tracestate = HTTPField.Name("tracestate")

    func extract(key: String, from fields: HTTPFields) -> String? {
        let name: HTTPField.Name? =
            switch key {
            case "traceparent": Self.traceparent
            case "tracestate": Self.tracestate
            default: HTTPField.Name(key)
            }
        return name.flatMap { fields[$0] }
    }
}
