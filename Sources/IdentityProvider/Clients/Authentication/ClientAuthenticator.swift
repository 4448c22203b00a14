import FoundationEssentials
import JOSE

/// A client that has proved who it is. Only `ClientAuthenticator` makes one; no grant runs without it.
struct AuthenticatedClient: Sendable {
    let client: Client

    fileprivate init(_ client: Client) { self.client = client }

    var id: Identifier<Client> { client.id }

    func require(_ type: GrantType) throws(OAuthError) { try client.require(type) }

    /// RFC 7662 §2.1: endpoints that tell of tokens are not for clients that anybody can claim to be.
    func requireConfidential() throws(OAuthError) {
        guard !client.isPublic else { throw .invalidClient() }
    }
}

/// Why an authentication was refused: for the log.
enum ClientRefusal: Error, CustomStringConvertible {
    case unknown, disabled, otherMethod, wrongSecret, assertion(any Error), assertionAudience, assertionReplayed
    case throttled

    var name: String {
        switch self {
        case .unknown: "unknown_client"
        case .disabled: "disabled"
        case .otherMethod: "other_method"
        case .wrongSecret: "wrong_secret"
        case .assertion: "invalid_assertion"
        case .assertionAudience: "wrong_audience"
        case .assertionReplayed: "replayed_assertion"
        case .throttled: "throttled"
        }
    }

    var sentence: String {
        switch self {
        case .unknown: "no client of this name is registered."
        case .disabled: "the client is disabled."
        case .otherMethod: "the client is registered with another token_endpoint_auth_method."
        case .wrongSecret: "the client_secret is wrong."
        case .assertion(let cause): "the client assertion is not valid (\(type(of: cause)))."
        case .assertionAudience:
            """
            the aud of the client assertion must be the issuer identifier, as a string (draft-ietf-oauth-rfc7523bis). If \
            the client's library sends the URL of the token endpoint, register the client with \
            token_endpoint_auth_audience: token_endpoint.
            """
        case .assertionReplayed: "the client assertion was used before (RFC 7523 §3)."
        case .throttled: "too many attempts failed from this network (RFC 6749 §2.3.1)."
        }
    }

    var description: String {
        if case .assertion(let cause) = self { "\(name): \(cause)" } else { "\(name): \(sentence)" }
    }
}

/// RFC 6749 §2.3; OpenID Connect Core §9.
struct ClientAuthenticator: Sendable {
    let clients: any ClientStore
    let digester: SecretDigester
    let audit: AuditLog
    let assertions: ClientAssertionVerifier
    let attempts: ClientAttempts

    init(_ core: Core) {
        clients = core.clients
        digester = core.digester
        audit = core.audit
        assertions = ClientAssertionVerifier(core)
        attempts = ClientAttempts(core)
    }

    func authenticate(_ request: Request) async throws -> AuthenticatedClient {
        let credential = try ClientCredential(request)
        let found = try await clients.find(credential.client)
        // After the lookup: from here to a wrong secret nothing suspends, so guesses at once are counted, too.
        if let seconds = attempts.wait(for: credential, from: request.remoteAddress) {
            record(.throttled, client: found?.id)
            throw OAuthError.tooManyRequests(retryAfter: seconds, cause: ClientRefusal.throttled)
        }
        do throws(ClientRefusal) {
            let client = try await verify(credential, of: found)
            attempts.succeeded(credential, from: request.remoteAddress)
            Decision.note("The client \(client.id) authenticated by \(client.authenticationMethod.rawValue).")
            return AuthenticatedClient(client)
        } catch {
            // A store that does not answer says nothing about the client.
            if case .assertion(let cause) = error, cause is any StorageUnavailable { throw cause }
            attempts.failed(credential, from: request.remoteAddress)
            // A name that nobody has may be a secret that was pasted into the wrong field.
            record(error, client: found?.id)
            if case .basic = credential { throw OAuthError.invalidClient(scheme: .basic, cause: error) }
            throw OAuthError.invalidClient(cause: error)
        }
    }

    private func verify(_ credential: ClientCredential, of client: Client?) async throws(ClientRefusal) -> Client {
        guard let client else { throw .unknown }
        Decision.concerns(client.id)
        guard !client.isDisabled else { throw .disabled }
        switch credential {
        case .none:
            guard client.authenticationMethod == .none else { throw .otherMethod }
        case .basic(_, let secret):
            guard client.authenticationMethod == .clientSecretBasic else { throw .otherMethod }
            guard await isSecret(secret, of: client) else { throw .wrongSecret }
        case .post(_, let secret):
            guard client.authenticationMethod == .clientSecretPost else { throw .otherMethod }
            guard await isSecret(secret, of: client) else { throw .wrongSecret }
        case .assertion(_, let assertion): try await assertions.verify(assertion, from: client)
        }
        return client
    }

    private func isSecret(_ secret: String, of client: Client) async -> Bool {
        guard let digest = client.secret?.digest, digester.matches(secret, digest) else { return false }
        await digester.renew(digest, of: secret)
        return true
    }

    private func record(_ refusal: ClientRefusal, client: Identifier<Client>?) {
        Decision.note("Client authentication failed: \(refusal.sentence)")
        audit.record(.clientAuthenticationFailed(reason: refusal.name), client: client)
    }
}
