import JOSE

/// The clients that may use the JSON API: one's own front ends.
struct FirstPartyClients: Sendable {
    let clients: any ClientStore
    let hasBuiltIn: Bool

    init(_ core: Core) {
        clients = core.clients
        hasBuiltIn = core.settings.hasBuiltInClient
    }

    /// What a request that names no client comes from. It is kept like all others from its first use on, so that it can
    /// be changed or disabled.
    static let builtIn = Identifier<Client>(rawValue: "first-party")

    /// Throws `invalid_client` for one that is unknown, disabled or somebody else's.
    func client(_ id: String?) async throws -> Client {
        let id = id.map(Identifier.init) ?? Self.builtIn
        if let client = try await clients.find(id) { return try Self.check(client) }
        guard id == Self.builtIn, hasBuiltIn else { throw OAuthError.invalidClient() }
        let client = try Client(Self.metadata)
        if try await clients.add(client) { return client }
        // Somebody was first, and may have said something else of it.
        guard let stored = try await clients.find(client.id) else { throw OAuthError.invalidClient() }
        return try Self.check(stored)
    }

    /// As `client`, but the built-in one is not made.
    func isFirstParty(_ id: Identifier<Client>) async throws -> Bool {
        try await clients.findEnabled(id)?.isFirstParty ?? false
    }

    private static func check(_ client: Client) throws(OAuthError) -> Client {
        guard client.isFirstParty, !client.isDisabled else { throw .invalidClient() }
        return client
    }

    private static let metadata: JSONObject = [
        "client_id": .string(builtIn.rawValue), "client_name": "First-party applications", "first_party": true,
        "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"], "id_token_signed_response_alg": "ES256",
        "scope": "openid profile email address phone offline_access roles groups permissions", "consent": "skip",
    ]
}
