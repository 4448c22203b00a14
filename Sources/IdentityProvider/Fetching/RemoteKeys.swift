import FoundationEssentials
import HTTPTypes
import JOSE

/// The keys that another party publishes and may replace at any time (OpenID Connect Core §10.1.1).
struct RemoteKeys: Sendable {
    private let fetcher: any Fetcher
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        fetcher = core.fetcher
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
    }

    /// Runs `check` with the keys at `uri` and, if the signature is by none of them, once more with renewed keys. Keys
    /// are not renewed if those of `name` were renewed too often lately, so that nobody can flood the other party
    /// through us. Throws the errors of `check`, `FetchError`, `JSONError`, `JWKError` or `CancellationError`.
    func verify<Token>(
        at uri: String, under policy: FetchPolicy, renewing name: String, _ check: (JWKSet) throws -> Token
    ) async throws -> Token {
        let cached = try await keys(FetchRequest(.get, uri), under: policy)
        do { return try check(cached) } catch let error as JWTError where [.unknownKey, .signature].contains(error) {
            guard limiter.take("\(issuer.identifier) \(name)", of: Self.renewals, at: now()) == nil else { throw error }
            let request = FetchRequest(.get, uri, headers: [.cacheControl: "no-cache"])
            return try check(await keys(request, under: policy))
        }
    }

    private func keys(_ request: FetchRequest, under policy: FetchPolicy) async throws -> JWKSet {
        try Self.keys(in: await fetcher.fetch(request, under: policy).body)
    }

    private static func keys(in body: [UInt8]) throws -> JWKSet { try JWKSet(usable: JSONObject(parsing: body)) }

    /// The burst lets concurrent requests through. The fetcher sends one request for all of them.
    private static let renewals = RateLimit(burst: 5, perMinute: 2)
}
