/// A client that has authenticated, or a public client. Only `ClientAuthenticator` creates one. All grants require one.
struct AuthenticatedClient: Sendable {
    let client: Client

    fileprivate init(_ client: Client) { self.client = client }

    var id: Identifier<Client> { client.id }

    func require(_ type: GrantType) throws(OAuthError) { try client.require(type) }

    /// Throws `invalid_client` for a public client. Anyone can claim to be one, so it must not learn about tokens
    /// (RFC 7662 §2.1).
    func requireConfidential() throws(OAuthError) {
        guard !client.isPublic else { throw .invalidClient() }
    }
}

/// Authenticates the client of a request by its registered method (RFC 6749 §2.3; OpenID Connect Core §9).
struct ClientAuthenticator: Sendable {
    private let clients: any ClientStore
    private let methods: [any ClientAuthenticationMethod]
    private let attempts: ClientAttempts
    private let audit: AuditLog

    init(_ core: Core) {
        clients = core.clients
        methods = ClientAuthentication.methods.map { $0.init(core) }
        attempts = ClientAttempts(core)
        audit = core.audit
    }

    func authenticate(_ request: Request) async throws -> AuthenticatedClient {
        let claimed = try ClaimedClient(request)
        let found = try await find(claimed)
        let attempt = ClientAttempts.Attempt(claimed, as: found, from: request.remoteAddress)
        // After the lookup: nothing suspends between this check and a wrong secret, so concurrent guesses all count.
        if let seconds = try await attempts.wait(for: attempt) {
            record(.throttled, client: found?.id)
            throw OAuthError.tooManyRequests(retryAfter: seconds, cause: ClientRefusal.throttled)
        }
        do throws(ClientRefusal) {
            let client = try await verify(claimed, as: found, in: request)
            attempts.succeeded(attempt)
            if !client.isPublic { Decision.authenticatedClient() }
            Decision.note("The client \(client.id) authenticated by \(client.authenticationMethod.name).")
            return AuthenticatedClient(client)
        } catch {
            // A storage failure is not a failed attempt.
            if let cause = error.cause, cause is any StorageUnavailable { throw cause }
            // Nor is an outage of the client's own server. Otherwise, the client would be locked out after it.
            if !(error.cause is UnavailableKeys) { try await attempts.failed(attempt) }
            // Only a registered client_id is recorded: any other value may be a secret pasted into the wrong field.
            record(error, client: found?.id)
            throw OAuthError.invalidClient(scheme: type(of: claimed.credential).scheme, cause: error)
        }
    }

    /// Returns the first registered client that the request may come from.
    private func find(_ claimed: ClaimedClient) async throws -> Client? {
        for id in claimed.ids {
            guard let client = try await clients.find(id) else { continue }
            Decision.concerns(client.id)
            return client
        }
        return nil
    }

    /// Whether the request has a credential that was right in this network lately. It is still to be verified.
    func recognizes(_ request: Request) -> Bool {
        guard let claimed = try? ClaimedClient(request) else { return false }
        return attempts.recognizes(claimed, from: request.remoteAddress)
    }

    /// Whether a client authenticated in this network lately.
    func haveAuthenticated(from address: String) -> Bool { attempts.haveSucceeded(from: address) }

    private func verify(
        _ claimed: ClaimedClient, as client: Client?, in request: Request
    ) async throws(ClientRefusal) -> Client {
        guard let client else { throw .unknown }
        guard !client.isDisabled else { throw .disabled }
        guard let method = methods.first(where: { type(of: $0) == client.authenticationMethod }) else {
            throw .otherMethod
        }
        try await method.verify(claimed, as: client, in: request)
        return client
    }

    private func record(_ refusal: ClientRefusal, client: Identifier<Client>?) {
        Decision.note("Client authentication failed: \(refusal.sentence)")
        audit.record(.clientAuthenticationFailed(reason: refusal.name), client: client)
    }
}
