import FoundationEssentials
import JOSE

extension Administration {
    func applyClients(_ wanted: [ClientDocument], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        var changes: [Change] = []
        for document in wanted {
            let stored = try await stores.clients.find(document.client.id)
            let members = differences(document, stored)
            guard stored == nil || !members.isEmpty else { continue }
            let action: Change.Action = stored == nil ? .create : .update
            changes.append(Change(action, "client", document.client.id.rawValue, members: stored == nil ? [] : members))
            if !isPlan { try await save(document, over: stored) }
        }
        guard prunes else { return changes }
        for client in try await stores.clients.all() where !wanted.contains(where: { $0.client.id == client.id }) {
            changes.append(Change(.delete, "client", client.id.rawValue))
            if !isPlan { try await stores.clients.delete(client.id) }
        }
        return changes
    }

    private func differences(_ document: ClientDocument, _ stored: Client?) -> [String] {
        let old = stored?.metadata ?? [:]
        let new = document.client.metadata
        var members = Scope(old.names + new.names).values.filter { old[$0] != new[$0] }
        if !hasSecret(stored, document.secret, document.client) { members.append("client_secret") }
        return members
    }

    private func hasSecret(_ stored: Client?, _ secret: String?, _ wanted: Client) -> Bool {
        guard let secret else { return stored?.secret == nil }
        guard let kept = stored?.secret, digester.matches(secret, kept.digest) else { return false }
        return (kept.sealed != nil) == (wanted.authenticationMethod == .clientSecretJWT)
    }

    /// Stores the client with what is kept of its secret.
    private func save(_ document: ClientDocument, over former: Client?) async throws {
        let secret = try document.secret.map { text in
            ClientSecret(
                digest: digester.digest(text, of: Client.self),
                sealed: document.client.authenticationMethod == .clientSecretJWT
                    ? try sealer.seal(Array(text.utf8), for: .clientSecret) : nil)
        }
        try await save(Client(document.client.metadata, secret: secret), over: former)
    }

    /// Stores the client, and revokes what was granted to it when it is disabled. Revokes again before it is enabled: a
    /// node that had not noticed yet may have redeemed a code after the first time.
    private func save(_ client: Client, over former: Client?) async throws {
        if former?.isDisabled == true { try await revokeAuthorizations(of: client) }
        try await stores.clients.save(client)
        if client.isDisabled { try await revokeAuthorizations(of: client) }
    }

    private func revokeAuthorizations(of client: Client) async throws {
        let count = try await stores.authorizations.revoke(client: client.id, at: now())
        if count > 0 { audit.record(.authorizationsRevoked(count: count), client: client.id, by: actor) }
    }

    /// Gives a client a new secret of 256 random bits and returns it: the only time that it is seen.
    package func renewSecret(of client: Client) async throws -> String {
        let secret = Base64URL.encode(RandomBytes.make(32))
        var document = client.metadata
        document["client_secret"] = .string(secret)
        try await save(ClientDocument(document), over: client)
        audit.record(.clientSecretRenewed, client: client.id, by: actor)
        return secret
    }

    /// Gives each client with a secret a new one.
    package func renewAllSecrets() async throws -> [(client: Identifier<Client>, text: String)] {
        var secrets: [(client: Identifier<Client>, text: String)] = []
        for client in try await stores.clients.all() where client.secret != nil {
            secrets.append((client.id, try await renewSecret(of: client)))
        }
        return secrets
    }

    /// A disabled client and its tokens are refused everywhere within a second. Enabling it does not restore them.
    package func setDisabled(_ isDisabled: Bool, _ client: Client) async throws {
        var metadata = client.metadata
        metadata["disabled"] = isDisabled ? true : nil
        try await save(Client(metadata, secret: client.secret), over: client)
        audit.record(.clientEnabled(!isDisabled), client: client.id, by: actor)
    }

    /// All that was granted to it ends.
    package func remove(_ client: Client) async throws {
        try await stores.clients.delete(client.id)
        audit.record(
            .resourceChanged(kind: "client", name: client.id.rawValue, action: .delete, members: []),
            client: client.id, by: actor)
    }
}
