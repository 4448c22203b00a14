import HTTPTypes

/// Lets scripts of any origin read what ignores cookies (Fetch §3.2). Credentials are never allowed, and nothing is
/// said of the rest.
struct CrossOriginMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var answer = try await next(exchange)
        guard answer.isSharedAcrossOrigins else { return answer }
        answer.headers[.accessControlAllowOrigin] = "*"
        answer.headers[.accessControlExposeHeaders] = "WWW-Authenticate, DPoP-Nonce, Retry-After, X-Request-Id"
        return answer
    }

    /// The answer to a browser that asks before it sends (Fetch §4.8).
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
