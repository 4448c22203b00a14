import HTTPTypes

/// Takes clients' certificates from trusted proxies only (RFC 9440 §4), and removes the field from every request, so
/// that nothing else reads it or sends it back.
struct CertificateMiddleware: Middleware {
    let field: CertificateField
    let proxies: TrustedProxies

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var exchange = exchange
        let certificates = field.take(from: &exchange.head.headerFields)
        if proxies.trust(exchange.remoteAddress), field.isExpected(at: exchange.authority) {
            exchange.certificates = certificates
        }
        return try await next(exchange)
    }
}
