package protocol ClientStore: Sendable {
    func find(_ id: Identifier<Client>) async throws -> Client?
    /// All clients in the order of their identifiers.
    func all() async throws -> [Client]
    /// Inserts or replaces.
    func save(_ client: Client) async throws
    /// Removes the client with its consents and authorizations.
    func delete(_ id: Identifier<Client>) async throws
}
