import HTTPTypes
import IdentityProvider

/// Adds the header fields that restrict what browsers do with a response.
struct SecurityHeadersMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var answer = try await next(exchange)
        answer.headers[.xContentTypeOptions] = "nosniff"
        if answer.headers[.referrerPolicy] == nil { answer.headers[.referrerPolicy] = "no-referrer" }
        answer.headers[.permissionsPolicy] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        // Applies to loads without CORS, which carry cookies (Fetch §3.7). Scripts that may read a response use CORS.
        answer.headers[.crossOriginResourcePolicy] = "same-origin"
        if answer.isOfAccount { answer.headers[.crossOriginOpenerPolicy] = "same-origin" }
        // Based on the issuer rather than the connection, because a proxy may terminate TLS (RFC 6797 §7.1).
        if answer.issuer?.isSecure ?? exchange.isSecure {
            answer.headers[.strictTransportSecurity] = "max-age=31536000"
        }
        // Pages have their own policy; no other response is meant to be rendered.
        if answer.headers[.contentSecurityPolicy] == nil {
            answer.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        // For browsers that don't know `frame-ancestors`. It has no value for several origins.
        if !answer.mayBeFramed { answer.headers[.frameOptions] = "DENY" }
        if answer.headers[.cacheControl] == nil { answer.headers[.cacheControl] = "no-store" }
        return answer
    }
}

extension Answer {
    /// Whether the policy lets other pages frame the response.
    fileprivate var mayBeFramed: Bool {
        guard let policy = headers[.contentSecurityPolicy], policy.contains("frame-ancestors ") else { return false }
        return !policy.contains("frame-ancestors 'none'")
    }

    /// Whether the response belongs to the account pages, which no client opens in a popup. Sign-in pages must keep
    /// `window.opener` for clients that do (HTML §7.1.3).
    fileprivate var isOfAccount: Bool {
        route.map { $0 == Path.account.text || $0.hasPrefix(Path.account.text + "/") } ?? false
    }
}
