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
enum ClientRefusal: Error {
    case unknown, disabled, otherMethod, wrongSecret, assertion(any Error), assertionReplayed

    var name: String {
        switch self {
        case .unknown: "unknown_client"
        case .disabled: "disabled"
        case .otherMethod: "other_method"
        case .wrongSecret: "wrong_secret"
        case .assertion: "invalid_assertion"
        case .assertionReplayed: "replayed_assertion"
        }
    }

    var sentence: String {
        switch self {
        case .unknown: "no client of this name is registered."
        case .disabled: "the client is disabled."
        case .otherMethod: "the client is registered with another token_endpoint_auth_method."
        case .wrongSecret: "the client_secret is wrong."
        case .assertion(let cause): "the client assertion is not valid (\(type(of: cause)))."
        case .assertionReplayed: "the client assertion was used before (RFC 7523 §3)."
        }
    }
}

/// RFC 6749 §2.3; OpenID Connect Core §9.
struct ClientAuthenticator: Sendable {
    let clients: any ClientStore
    let digester: SecretDigester
    let audit: AuditLog
    let assertions: ClientAssertionVerifier

    func authenticate(_ request: Request) async throws -> AuthenticatedClient {
        let credential = try ClientCredential(request)
        guard let client = try await clients.find(credential.client) else { throw refusal(.unknown, credential) }
        Decision.concerns(client.id)
        guard !client.isDisabled else { throw refusal(.disabled, credential) }
        switch credential {
        case .none:
            guard client.authenticationMethod == .none else { throw refusal(.otherMethod, credential) }
        case .basic(_, let secret):
            guard client.authenticationMethod == .clientSecretBasic else { throw refusal(.otherMethod, credential) }
            guard await isSecret(secret, of: client) else { throw refusal(.wrongSecret, credential) }
        case .post(_, let secret):
            guard client.authenticationMethod == .clientSecretPost else { throw refusal(.otherMethod, credential) }
            guard await isSecret(secret, of: client) else { throw refusal(.wrongSecret, credential) }
        case .assertion(_, let assertion):
            do throws(ClientRefusal) {
                try await assertions.verify(assertion, from: client, at: request.path)
            } catch {
                // A store that does not answer says nothing about the client.
                if case .assertion(let cause) = error, cause is any StorageUnavailable { throw cause }
                throw refusal(error, credential)
            }
        }
        Decision.note("The client \(client.id) authenticated by \(client.authenticationMethod.rawValue).")
        return AuthenticatedClient(client)
    }

    private func isSecret(_ secret: String, of client: Client) async -> Bool {
        guard let digest = client.secret?.digest, digester.matches(secret, digest) else { return false }
        await digester.renew(digest, of: secret)
        return true
    }

    private func refusal(_ refusal: ClientRefusal, _ credential: ClientCredential) -> OAuthError {
        // A name that nobody has may be a secret that was pasted into the wrong field.
        let known = if case .unknown = refusal { Identifier<Client>?.none } else { credential.client }
        Decision.note("Client authentication failed: \(refusal.sentence)")
        audit.record(.clientAuthenticationFailed(reason: refusal.name), client: known)
        if case .basic = credential { return .invalidClient(scheme: "Basic", cause: refusal) }
        return .invalidClient(cause: refusal)
    }
}
