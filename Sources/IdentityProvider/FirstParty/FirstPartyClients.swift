import JOSE

/// The clients that may use the JSON API: the operator's own front ends.
struct FirstPartyClients: Sendable {
    let clients: any ClientStore
    let hasBuiltIn: Bool

    init(_ core: Core) {
        clients = core.clients
        hasBuiltIn = core.settings.hasBuiltInClient
    }

    /// The client of requests that name none. It is stored on first use, so that operators can change or disable it.
    static let builtIn = Identifier<Client>(rawValue: "first-party")

    /// Returns the client, by default the built-in one, which is created if necessary. Throws `invalid_client` if it is
    /// unknown, disabled or not first-party.
    func client(_ id: String?) async throws -> Client {
        let id = id.map(Identifier.init) ?? Self.builtIn
        if let client = try await clients.find(id) { return try Self.check(client) }
        guard id == Self.builtIn, hasBuiltIn else { throw OAuthError.invalidClient() }
        let client = try Client(Self.metadata)
        if try await clients.add(client) { return client }
        // A concurrent request, or the operator, stored it first, possibly with other settings.
        guard let stored = try await clients.find(client.id) else { throw OAuthError.invalidClient() }
        return try Self.check(stored)
    }

    /// Returns whether the client is enabled and first-party. Unlike `client`, does not create the built-in one.
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
