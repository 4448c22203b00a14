package protocol ConsentStore: Sendable {
    func find(user: Identifier<User>, client: Identifier<Client>) async throws -> Consent?
    /// Returns all consents of a user, ordered by client.
    func consents(of user: Identifier<User>) async throws -> [Consent]
    func save(_ consent: Consent) async throws
    func withdraw(user: Identifier<User>, client: Identifier<Client>) async throws
}
