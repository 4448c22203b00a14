import FoundationEssentials
import HTTPTypes
import JOSE

/// The requests of Martlet to upstreams, each under its own rules.
struct UpstreamFetches: Sendable {
    enum Purpose: String, Sendable {
        case metadata = "upstream.metadata"
        case keys = "upstream.keys"
        case token = "upstream.token"
        case userInfo = "upstream.userinfo"
    }

    private let fetcher: any Fetcher

    init(_ fetcher: any Fetcher) { self.fetcher = fetcher }

    /// Throws `FetchError` or `CancellationError`.
    private func body(_ purpose: Purpose, _ request: FetchRequest, of upstream: Upstream) async throws -> [UInt8] {
        try await fetcher.fetch(request, under: Self.policy(purpose, of: upstream)).body
    }

    /// Returns the JSON of the response. Throws `FetchError`, `JSONError` or `CancellationError`.
    func json(_ purpose: Purpose, _ request: FetchRequest, of upstream: Upstream) async throws -> JSON {
        try Self.json(in: await body(purpose, request, of: upstream))
    }

    /// Returns the JSON object of the response. Throws `FetchError`, `JSONError` or `CancellationError`.
    func object(_ purpose: Purpose, _ request: FetchRequest, of upstream: Upstream) async throws -> JSONObject {
        try Self.object(in: await body(purpose, request, of: upstream))
    }

    private static func json(in body: [UInt8]) throws -> JSON { try JSON(parsing: body) }

    private static func object(in body: [UInt8]) throws -> JSONObject { try JSONObject(parsing: body) }

    static func policy(_ purpose: Purpose, of upstream: Upstream) -> FetchPolicy {
        FetchPolicy(
            operation: purpose.rawValue, upstream: upstream.id,
            allowsPrivateNetworks: upstream.isInPrivateNetwork, timeout: .seconds(10),
            maximumSize: purpose == .keys ? 524_288 : 262_144,
            mediaTypes: ["application/json"] + (purpose == .keys ? ["application/jwk-set+json"] : []),
            caching: purpose.caching)
    }
}

extension UpstreamFetches.Purpose {
    /// Metadata and keys outlast an outage of the upstream. Everything else is about one user.
    fileprivate var caching: FetchCaching? {
        switch self {
        case .metadata, .keys:
            FetchCaching(
                minimumLifetime: 300, maximumLifetime: 86_400, staleLifetime: 7 * 86_400, failureLifetime: 5,
                maximumCount: 1_000)
        case .token, .userInfo: nil
        }
    }
}
