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

    /// Responds to a CORS preflight request (Fetch §4.8).
    static func preflight(for methods: [HTTPRequest.Method]) -> Answer {
        Answer(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods.map(\.rawValue).joined(separator: ", "),
                .accessControlAllowHeaders: "Authorization, Content-Type, DPoP", .accessControlMaxAge: "7200",
                .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ], body: [], route: "preflight", isSharedAcrossOrigins: true)
    }
}
