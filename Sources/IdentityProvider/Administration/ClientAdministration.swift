import FoundationEssentials
package import JOSE

extension Administration {
    func applyClients(_ wanted: [ClientDocument], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        var changes: [Change] = []
        for document in wanted {
            if let change = try await apply(document, isPlan: isPlan) { changes.append(change) }
        }
        guard prunes else { return changes }
        for client in try await stores.clients.all() where !wanted.contains(where: { $0.client.id == client.id }) {
            changes.append(Change(.delete, "client", client.id.rawValue))
            if !isPlan { try await stores.clients.delete(client.id) }
        }
        return changes
    }

    /// Creates or updates one client. Compares again if a command changed the client concurrently.
    private func apply(_ document: ClientDocument, isPlan: Bool) async throws -> Change? {
        let id = document.client.id
        for _ in 0..<Self.attempts {
            guard let stored = try await stores.clients.find(id) else {
                let wanted = try client(document)
                let isDone = if isPlan { true } else { try await stores.clients.add(wanted) }
                if isDone { return Change(.create, "client", id.rawValue, Self.differences(nil, wanted)) }
                continue
            }
            let wanted = try client(document, over: stored)
            let differences = Self.differences(stored, wanted)
            guard !differences.isEmpty else { return nil }
            let isDone = if isPlan { true } else { try await replace(stored, by: wanted) }
            if isDone { return Change(.update, "client", id.rawValue, differences) }
        }
        throw OAuthError.unavailable(retryAfter: 2)
    }

    private static func differences(_ stored: Client?, _ wanted: Client) -> [MemberDifference] {
        let differences = MemberDifference.all(from: stored?.metadata, to: wanted.metadata)
        guard stored?.secret != wanted.secret else { return differences }
        return differences + [MemberDifference("client_secret", from: nil, to: nil)]
    }

    /// Creates a client and returns its secret, a new one of 256 random bits, or `nil` if it doesn't use one. The
    /// secret cannot be retrieved again. Throws `InvalidDocument`, or `NameTaken` if another client has the
    /// `client_id`.
    package func createClient(_ metadata: JSONObject) async throws -> String? {
        let (wanted, secret) = try newClient(metadata)
        try await provideKeys(for: Array(wanted.algorithms.all))
        guard try await stores.clients.add(wanted) else { throw NameTaken() }
        record(Change(.create, "client", wanted.id.rawValue, Self.differences(nil, wanted)))
        return secret
    }

    /// Apart from `createClient`, because the optimizer of Swift 6.3 crashes on its typed throws in an async function.
    private func newClient(_ metadata: JSONObject) throws -> (client: Client, secret: String?) {
        let secret = try Client(metadata).usesSecret ? Base64URL.encode(RandomBytes.make(32)) : nil
        var whole = metadata
        whole["client_secret"] = secret.map(JSON.string)
        return (try client(ClientDocument(whole)), secret)
    }

    /// Returns the client that the file describes. A disabled client stays disabled until the file says otherwise with
    /// `disabled: false`.
    private func client(_ document: ClientDocument, over stored: Client? = nil) throws -> Client {
        var metadata = document.client.metadata
        if metadata["disabled"] == nil, let former = stored?.metadata["disabled"] { metadata["disabled"] = former }
        return try Client(metadata, secret: secret(document, over: stored))
    }

    /// Returns the stored form of the secret. An unchanged secret keeps its stored form.
    private func secret(_ document: ClientDocument, over stored: Client?) throws -> ClientSecret? {
        switch document.secret {
        case nil: return nil
        case .plain(let text):
            let isSealed = document.client.authenticationMethod.secret?.isSealed == true
            if let kept = stored?.secret, digester.matches(text, kept.digest), (kept.sealed != nil) == isSealed {
                return kept
            }
            return ClientSecret(
                digest: digester.digest(text, of: Client.self),
                sealed: isSealed ? try sealer.seal(Array(text.utf8), for: .clientSecret) : nil)
        case .hash(let text):
            if let kept = stored?.secret, digester.matches(text, kept.digest.ofHash) { return kept }
            return ClientSecret(
                digest: SecretDigest(bytes: digester.digest(text, of: HashedClientSecret.self).bytes))
        }
    }

    /// Replaces `stored` with `wanted`, unless `stored` has changed since. Revokes the client's
    /// authorizations when it is disabled, and again before it is enabled: a node that had not noticed yet
    /// may have redeemed a code in between.
    private func replace(_ stored: Client, by wanted: Client) async throws -> Bool {
        if stored.isDisabled { try await revokeAuthorizations(of: stored) }
        guard try await stores.clients.update(stored, to: wanted) else { return false }
        if wanted.isDisabled { try await revokeAuthorizations(of: wanted) }
        return true
    }

    private func revokeAuthorizations(of client: Client) async throws {
        let count = try await stores.authorizations.revoke(client: client.id, at: now())
        if count > 0 { audit.record(.authorizationsRevoked(count: count), client: client.id, by: actor) }
    }

    /// Gives a client a new secret of 256 random bits and returns it. It cannot be retrieved again.
    package func renewSecret(of client: Client) async throws -> String {
        let secret = Base64URL.encode(RandomBytes.make(32))
        try await change(client.id) { stored in
            var document = stored.metadata
            document["client_secret"] = .string(secret)
            return try self.client(ClientDocument(document), over: stored)
        }
        audit.record(.clientSecretRenewed, client: client.id, by: actor)
        return secret
    }

    /// Gives each client that has a secret a new one, and passes it to `show` as soon as it is stored.
    package func renewAllSecrets(_ show: (_ client: Identifier<Client>, _ secret: String) -> Void) async throws {
        for client in try await stores.clients.all() where client.secret != nil {
            show(client.id, try await renewSecret(of: client))
        }
    }

    /// Disables or enables a client. All nodes refuse a disabled client and its tokens within a second. Enabling the
    /// client does not restore its tokens.
    package func setDisabled(_ isDisabled: Bool, _ client: Client) async throws {
        try await change(client.id) { stored in
            var metadata = stored.metadata
            metadata["disabled"] = isDisabled ? true : nil
            return try Client(metadata, secret: stored.secret)
        }
        audit.record(.clientEnabled(!isDisabled), client: client.id, by: actor)
    }

    /// Applies `edit`, and tries again on the new version if the client changed concurrently.
    private func change(_ id: Identifier<Client>, _ edit: (Client) throws -> Client) async throws {
        for _ in 0..<Self.attempts {
            guard let stored = try await stores.clients.find(id) else { return }
            if try await replace(stored, by: edit(stored)) { return }
        }
        throw OAuthError.unavailable(retryAfter: 2)
    }

    /// Deletes a client and everything granted to it.
    package func remove(_ client: Client) async throws {
        try await stores.clients.delete(client.id)
        audit.record(
            .resourceChanged(kind: "client", name: client.id.rawValue, action: .delete, members: []),
            client: client.id, by: actor)
    }
}
