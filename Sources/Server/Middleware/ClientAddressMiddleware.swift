import HTTPTypes
import IdentityProvider

/// Learns the client's address from trusted proxies, and from nobody else: anybody could claim any. What only a proxy may
/// say of a request that it asks about is taken away when another says it.
struct ClientAddressMiddleware: Middleware {
    let proxies: TrustedProxies
    private static let believed: [HTTPField.Name] = [
        .forwardedProto, .forwardedHost, .forwardedURI, .forwardedMethod,
    ]

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        var exchange = exchange
        if !proxies.trust(exchange.remoteAddress) {
            for name in Self.believed { exchange.head.headerFields[name] = nil }
        }
        exchange.remoteAddress = proxies.client(behind: exchange.remoteAddress, fields: exchange.head.headerFields)
        return try await next(exchange)
    }
}
