import HTTPTypes
import IdentityProvider
import Instrumentation
import Tracing

/// Creates a span for each request, as a child of the span that the client sent (W3C Trace Context).
struct TraceMiddleware: Middleware {
    /// Stored because `InstrumentationSystem` casts its instrument each time it is asked for a tracer.
    private let tracer = InstrumentationSystem.tracer

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var context = ServiceContext.topLevel
        // The client's trace context serves only to correlate logs. It is trusted for nothing else.
        tracer.extract(exchange.head.headerFields, into: &context, using: FieldsExtractor())
        let method = exchange.head.method.known
        return try await tracer.withSpan(method, context: context, ofKind: .server) { span in
            var exchange = exchange
            exchange.trace = TraceID.of(span.context, by: tracer)
            var answer = try await next(exchange)
            if span.isRecording { describe(exchange, method, answer, in: span) }
            // Lets users quote the request when they ask for help.
            if let id = exchange.trace { answer.headers.append(HTTPField(name: .requestID, value: id)) }
            return answer
        }
    }
}

extension TraceMiddleware {
    /// Sets the attributes of the OpenTelemetry semantic conventions for HTTP spans. The query is never recorded, and
    /// the path only if a route matched: otherwise it is arbitrary input.
    private func describe(_ exchange: Exchange, _ method: String, _ answer: Answer, in span: any Span) {
        let name = method == HTTPRequest.Method.other ? "HTTP" : method
        span.operationName = answer.route.map { "\(name) \($0)" } ?? name
        // Reserves room for all attributes to avoid reallocation.
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
    /// The value for an unknown method (OpenTelemetry semantic conventions for HTTP spans).
    static let other = "_OTHER"

    /// The method if it is defined by RFC 9110 or is `PATCH`, otherwise `_OTHER`, because it is arbitrary input.
    var known: String {
        switch self {
        case .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch: rawValue
        default: Self.other
        }
    }
}

private struct FieldsExtractor: Extractor {
    /// Looked up in every request, so parsed only once.
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
