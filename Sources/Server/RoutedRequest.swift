import HTTPTypes
import IdentityProvider

/// A request with the route and endpoint that it matched.
struct RoutedRequest: Sendable {
    let exchange: Exchange
    let provider: MountedProvider
    let route: Route
    let endpoint: any Endpoint

    private var variable: String? { Path(provider.issuer.path + route.path.text).value(in: exchange.path) }

    /// Reads the request. Throws `OAuthError` if it is malformed, too large or too slow.
    func request() async throws -> Request {
        let method: HTTPRequest.Method = exchange.head.method == .head ? .get : exchange.head.method
        // Raw bytes beyond ASCII are not allowed in a target (RFC 3986 §2), but an HTTP/2 client could send them.
        guard (exchange.query ?? "").utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw OAuthError.invalidRequest("the query has an illegal character")
        }
        // The body of a GET has no meaning (RFC 9110 §9.3.1).
        let body = method == .get ? [] : try await exchange.body.read(upTo: provider.limits.bodySize)
        return try Request(
            method: method, path: route.path.text, variable: variable, query: exchange.query.map(String.init),
            headers: exchange.head.headerFields, body: body, remoteAddress: exchange.remoteAddress,
            certificates: exchange.certificates.get(), trace: exchange.trace, limits: provider.limits,
            reading: route.body)
    }
}
