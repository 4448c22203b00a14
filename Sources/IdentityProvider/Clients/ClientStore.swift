package protocol ClientStore: Sendable {
    func find(_ id: Identifier<Client>) async throws -> Client?
    /// All clients in the order of their identifiers.
    func all() async throws -> [Client]
    /// Inserts or replaces.
    func save(_ client: Client) async throws
    /// Inserts unless there is a client with this identifier. Returns whether it did.
    func add(_ client: Client) async throws -> Bool
    /// Sets what differs between `stored` and `client` if nobody changed the client after `stored` was read. Returns
    /// whether it did.
    func update(_ stored: Client, to client: Client) async throws -> Bool
    /// Removes the client with its consents and authorizations.
    func delete(_ id: Identifier<Client>) async throws
}

extension Client {
    /// Leads to its registered address, which is safe whatever a request asked for.
    var wayBack: NextStep? { clientURI.map { NextStep($0, .back, name: name) } }
}

extension ClientStore {
    /// The client, unless it is unknown or disabled.
    func findEnabled(_ id: Identifier<Client>) async throws -> Client? {
        guard let client = try await find(id), !client.isDisabled else { return nil }
        return client
    }

    /// The enabled client of this identifier. Throws `invalid_request`.
    func registered(_ id: Identifier<Client>) async throws -> Client {
        guard let client = try await findEnabled(id) else {
            Decision.note("No client with this identifier is registered and enabled.")
            throw OAuthError.invalidRequest("the client is not registered", reason: .clientUnknown)
        }
        Decision.concerns(client.id)
        return client
    }
}
