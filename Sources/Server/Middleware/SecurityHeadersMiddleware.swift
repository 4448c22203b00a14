import HTTPTypes

/// Header fields that tell browsers to take no liberties.
struct SecurityHeadersMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var answer = try await next(exchange)
        answer.headers[.xContentTypeOptions] = "nosniff"
        Self.set("Referrer-Policy", "no-referrer", &answer)
        Self.set("X-Frame-Options", "DENY", &answer)
        Self.set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()", &answer)
        if exchange.isSecure { answer.headers[.strictTransportSecurity] = "max-age=31536000" }
        // Pages bring a policy of their own; nothing else is meant to be shown.
        if answer.headers[.contentSecurityPolicy] == nil {
            answer.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        if answer.headers[.cacheControl] == nil { answer.headers[.cacheControl] = "no-store" }
        return answer
    }

    private static func set(_ name: String, _ value: String, _ answer: inout Answer) {
        if let name = HTTPField.Name(name) { answer.headers[name] = value }
    }
}
