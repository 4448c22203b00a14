import HTTPTypes

/// Learns the client's address from trusted proxies, and from nobody else: anybody could claim any.
struct ClientAddressMiddleware: Middleware {
    let proxies: TrustedProxies

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var exchange = exchange
        exchange.remoteAddress = proxies.client(behind: exchange.remoteAddress, fields: exchange.head.headerFields)
        return try await next(exchange)
    }
}
