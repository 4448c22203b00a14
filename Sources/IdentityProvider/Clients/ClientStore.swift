package protocol ClientStore: Sendable {
    func find(_ id: Identifier<Client>) async throws -> Client?
    /// Returns all clients, ordered by identifier.
    func all() async throws -> [Client]
    /// Inserts or replaces the client.
    func save(_ client: Client) async throws
    /// Inserts the client unless its identifier is taken. Returns whether it was inserted.
    func add(_ client: Client) async throws -> Bool
    /// Writes the differences between `stored` and `client` unless the client has changed since `stored` was read.
    /// Returns whether it was written.
    func update(_ stored: Client, to client: Client) async throws -> Bool
    /// Deletes the client with its consents and authorizations.
    func delete(_ id: Identifier<Client>) async throws
}

extension Client {
    /// Leads to the client's registered `client_uri`. Safe because nothing in it comes from a request.
    var wayBack: NextStep? { clientURI.map { NextStep($0, .back, name: shownName) } }

    /// Leads on to the client's application at `origin`, which a proxy protects.
    func application(at origin: String) -> NextStep { NextStep("\(origin)/", .application, name: shownName) }
}

extension ClientStore {
    /// Returns the client; `nil` if it is unknown or disabled.
    func findEnabled(_ id: Identifier<Client>) async throws -> Client? {
        guard let client = try await find(id), !client.isDisabled else { return nil }
        return client
    }

    /// Returns the client. Throws `invalid_request` if it is unknown or disabled.
    func registered(_ id: Identifier<Client>) async throws -> Client {
        let found = try await find(id)
        guard let client = found, !client.isDisabled else {
            let sent = SentText(id.rawValue)
            let advice =
                found == nil
                ? "No client has the client_id \(sent). Add it to clients in the resource file and run `martlet apply`."
                : "The client \(sent) is disabled. `martlet client enable \(sent)` enables it."
            Decision.note(advice)
            throw OAuthError.invalidRequest(
                "the client is not registered", reason: .clientUnknown, cause: Unregistered("client_id", sent, advice))
        }
        Decision.concerns(client.id)
        return client
    }
}
