import HTTPTypes

/// Lets scripts of any origin read responses that don't depend on cookies (Fetch §3.2). Credentials are never allowed,
/// and all other responses get no CORS headers.
struct CrossOriginMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var answer = try await next(exchange)
        guard answer.isSharedAcrossOrigins else { return answer }
        answer.headers[.accessControlAllowOrigin] = "*"
        answer.headers[.accessControlExposeHeaders] = "WWW-Authenticate, DPoP-Nonce, Retry-After, X-Request-Id"
        return answer
    }

    /// Responds to a CORS preflight request (Fetch §4.8). Allows the header fields that it asks for: libraries add their
    /// own, such as `X-Requested-With` or `traceparent`, and none adds authority, because cookies are never allowed.
    static func preflight(_ request: HTTPRequest, for methods: [HTTPRequest.Method]) -> Answer {
        Answer(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods.map(\.rawValue).joined(separator: ", "),
                .accessControlAllowHeaders: requestedNames(request) ?? "Authorization, Content-Type, DPoP",
                .accessControlMaxAge: "7200",
                .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ], body: [], route: "preflight", isSharedAcrossOrigins: true)
    }

    /// Returns the requested field names; `nil` if the request lists none, too many, or anything that is not a field
    /// name (RFC 9110 §5.1). Never `*`: it wouldn't cover `Authorization` (Fetch §4.8), and no field has that name.
    private static func requestedNames(_ request: HTTPRequest) -> String? {
        guard let list = request.headerFields[.accessControlRequestHeaders], list.utf8.count <= 1_024 else {
            return nil
        }
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map { name in
            String(name.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        guard names.allSatisfy({ $0 != "*" && HTTPField.Name($0) != nil }) else { return nil }
        return names.joined(separator: ", ")
    }
}
