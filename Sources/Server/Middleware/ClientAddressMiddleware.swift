import HTTPTypes

/// Learns the client's address from `X-Forwarded-For`, from trusted proxies only: everybody else could claim any.
struct ClientAddressMiddleware: Middleware {
    let proxies: TrustedProxies

    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer {
        guard let name = HTTPField.Name("X-Forwarded-For"), proxies.contains(exchange.remoteAddress) else {
            return try await next(exchange)
        }
        var exchange = exchange
        let addresses = exchange.head.headerFields[values: name]
            .flatMap { $0.split(separator: ",") }
            .map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }
        // Each proxy appends whom it heard: the last one that is no proxy of ours is the client. What stands before it
        // is the client's own word.
        for address in addresses.reversed() {
            guard IPAddress(address) != nil else { break }
            exchange.remoteAddress = address
            if !proxies.contains(address) { break }
        }
        return try await next(exchange)
    }
}
