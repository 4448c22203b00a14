import HTTPTypes
import IdentityProvider

/// Header fields that tell browsers to take no liberties.
struct SecurityHeadersMiddleware: Middleware {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var answer = try await next(exchange)
        answer.headers[.xContentTypeOptions] = "nosniff"
        if answer.headers[.referrerPolicy] == nil { answer.headers[.referrerPolicy] = "no-referrer" }
        answer.headers[.frameOptions] = "DENY"
        answer.headers[.permissionsPolicy] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        // About loads without CORS, which carry cookies (Fetch §3.7). Scripts that may read an answer ask with CORS.
        answer.headers[.crossOriginResourcePolicy] = "same-origin"
        if answer.isOfAccount { answer.headers[.crossOriginOpenerPolicy] = "same-origin" }
        // By the issuer, not by the connection: TLS may end at a proxy (RFC 6797 §7.1).
        if answer.issuer?.isSecure ?? exchange.isSecure {
            answer.headers[.strictTransportSecurity] = "max-age=31536000"
        }
        // Pages bring a policy of their own; nothing else is meant to be shown.
        if answer.headers[.contentSecurityPolicy] == nil {
            answer.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        if answer.headers[.cacheControl] == nil { answer.headers[.cacheControl] = "no-store" }
        return answer
    }
}

extension Answer {
    /// Whether it belongs to the account pages, which nobody needs to open in a popup. The pages of a sign-in must keep
    /// `window.opener` for clients that do (HTML §7.1.3).
    fileprivate var isOfAccount: Bool {
        route.map { $0 == Path.account.text || $0.hasPrefix(Path.account.text + "/") } ?? false
    }
}
