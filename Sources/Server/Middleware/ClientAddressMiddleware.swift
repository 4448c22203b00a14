import HTTPTypes
import IdentityProvider

/// Takes the client's address from trusted proxies only, because anyone can send a forwarding header. Removes the
/// headers that describe a forwarded request if the peer is not a trusted proxy.
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
