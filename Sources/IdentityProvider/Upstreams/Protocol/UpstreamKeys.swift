import FoundationEssentials
import HTTPTypes
import JOSE

/// The keys with which upstreams sign ID Tokens.
struct UpstreamKeys: Sendable {
    private let fetches: UpstreamFetches
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date

    init(_ core: Core, _ fetches: UpstreamFetches) {
        self.fetches = fetches
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
    }

    func keys(of upstream: Upstream, at uri: String) async throws -> JWKSet {
        try Self.keySet(await fetches.object(.keys, FetchRequest(.get, uri), of: upstream))
    }

    /// Returns keys past the cache, for a signature that the cached ones can't verify: the upstream may have replaced
    /// them. `nil` if they were renewed too often lately, so that nobody can flood the upstream through us.
    func renewed(of upstream: Upstream, at uri: String, for purpose: String) async throws -> JWKSet? {
        let name = "\(issuer.identifier) keys of \(upstream.id) for \(purpose)"
        guard limiter.take(name, of: Self.renewals, at: now()) == nil else { return nil }
        let request = FetchRequest(.get, uri, headers: [.cacheControl: "no-cache"])
        return try Self.keySet(await fetches.object(.keys, request, of: upstream))
    }

    /// Ignores keys that can't be used, which may be for others (RFC 7517 §5).
    private static func keySet(_ object: JSONObject) throws -> JWKSet {
        guard let items = object["keys"]?.array else { throw UpstreamMistake("the JWK Set has no keys") }
        return JWKSet(keys: items.compactMap { item in item.object.flatMap { try? JWK($0) } })
    }

    /// The burst lets concurrent sign-ins through. The fetcher sends one request for all of them.
    private static let renewals = RateLimit(burst: 5, perMinute: 2)
}
