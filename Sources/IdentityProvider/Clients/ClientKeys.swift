import FoundationEssentials
import JOSE

/// Finds the keys that verify what clients sign: those registered, or those at `jwks_uri`.
struct ClientKeys: Sendable {
    private let remote: RemoteKeys

    init(_ core: Core) { remote = RemoteKeys(core) }

    /// Runs `check` with the client's keys; with renewed ones if the client may have replaced them. Throws the errors of
    /// `check`, `UnavailableKeys` or `CancellationError`.
    func verify<Token>(of client: Client, _ check: (JWKSet) throws -> Token) async throws -> Token {
        guard let uri = client.keysURI else { return try check(client.keys ?? JWKSet(keys: [])) }
        do {
            return try await remote.verify(
                at: uri, under: Self.policy(of: client), renewing: "keys of the client \(client.id)", check)
        } catch let error where error is FetchError || error is JSONError || error is JWKError {
            throw UnavailableKeys(cause: error)
        }
    }

    private static func policy(of client: Client) -> FetchPolicy {
        FetchPolicy(
            operation: "client.keys", allowsPrivateNetworks: client.isInPrivateNetwork, timeout: .seconds(5),
            maximumSize: 65_536, mediaTypes: ["application/json", "application/jwk-set+json"],
            caching: FetchCaching(
                minimumLifetime: 60, maximumLifetime: 3_600, staleLifetime: 86_400, failureLifetime: 5,
                maximumCount: 1_000))
    }
}

/// The keys at the client's `jwks_uri` can't be fetched or read, so nothing is known about its signature.
struct UnavailableKeys: Error, CustomStringConvertible {
    let cause: any Error
    var description: String { "the keys at jwks_uri can't be read: \(cause)" }
}
