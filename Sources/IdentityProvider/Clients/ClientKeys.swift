import FoundationEssentials
import JOSE

/// Finds the keys that verify what clients sign: those registered, or those at `jwks_uri`.
struct ClientKeys: Sendable {
    private let remote: RemoteKeys

    init(_ core: Core) { remote = RemoteKeys(core) }

    /// Runs `check` with the client's keys; with renewed ones if the client may have replaced them. Throws the errors of
    /// `check` and of `RemoteKeys`.
    func verify<Token>(of client: Client, _ check: (JWKSet) throws -> Token) async throws -> Token {
        guard let uri = client.keysURI else { return try check(client.keys ?? JWKSet(keys: [])) }
        return try await remote.verify(
            at: uri, under: Self.policy(of: client), renewing: "keys of the client \(client.id)", check)
    }

    private static func policy(of client: Client) -> FetchPolicy {
        FetchPolicy(
            operation: "client.keys", allowsPrivateNetworks: client.isInPrivateNetwork, timeout: .seconds(5),
            maximumSize: 262_144, mediaTypes: ["application/json", "application/jwk-set+json"],
            caching: FetchCaching(
                minimumLifetime: 60, maximumLifetime: 3_600, staleLifetime: 86_400, failureLifetime: 5,
                maximumCount: 1_000))
    }
}
