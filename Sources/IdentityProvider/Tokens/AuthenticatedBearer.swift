/// A valid access token and its user. Only `BearerAuthenticator` creates one.
struct AuthenticatedBearer: Sendable {
    let token: AccessToken
    /// `nil` for a token that a client requested for itself (RFC 6749 §4.4).
    let person: Person?
    /// The nonce that the sender should use from now on (RFC 9449 §8.2).
    fileprivate(set) var nextNonce: String?

    struct Person: Sendable {
        let user: User
        let granted: Granted
    }

    fileprivate init(_ token: AccessToken, _ person: Person?) {
        self.token = token
        self.person = person
    }

    /// The scheme with which the token must be presented.
    var scheme: AuthenticationScheme { token.scheme }
}

/// Verifies access tokens: issued by this issuer, neither expired nor revoked, with an enabled client and user, and
/// presented by the sender that they are bound to.
struct BearerAuthenticator: Sendable {
    let issuer: Issuer
    private let reader: AccessTokenReader
    private let clients: any ClientStore
    private let users: any UserStore
    private let resources: CachedResourceServers
    private let authorizations: any AuthorizationStore
    private let singleUse: any SingleUseStore
    private let binding: TokenBinding

    init(_ core: Core) {
        issuer = core.issuer
        reader = AccessTokenReader(core)
        clients = core.clients
        users = core.stores.users
        resources = core.resources
        authorizations = core.stores.authorizations
        singleUse = core.stores.singleUse
        binding = TokenBinding(core)
    }

    /// Returns the bearer of the request's token, for the issuer's own endpoints. Throws the challenge of RFC 6750 §3 or
    /// RFC 9449 §7.1.
    func authenticate(_ request: Request) async throws -> AuthenticatedBearer {
        let credential = try TokenCredential(request)
        guard let bearer = try await bearer(credential, in: request, for: issuer.identifier) else {
            throw OAuthError.invalidBearer(credential.scheme)
        }
        return bearer
    }

    /// Returns `nil` for an invalid token and for one whose audience doesn't include `audience` (RFC 9068 §4). Throws a
    /// challenge unless the sender has the keys that the token is bound to. `target` is the request that a DPoP proof
    /// must be for, by default `request` itself.
    func bearer(
        _ credential: TokenCredential, in request: Request, for audience: String, at target: DPoPTarget? = nil
    ) async throws -> AuthenticatedBearer? {
        // Before the proof, so that a sender without a valid token causes no second verification.
        guard var bearer = try await bearer(credential.text) else { return nil }
        guard bearer.token.audience.contains(audience) else {
            Decision.note("The access token is not for \(audience) (RFC 9068 §4).")
            return nil
        }
        bearer.nextNonce = try await binding.check(bearer.token, presented: credential, in: request, at: target)
        return bearer
    }

    /// Returns the bearer of a token with any audience, for introspection by resource servers (RFC 7662 §2).
    func bearer(_ text: String) async throws -> AuthenticatedBearer? {
        guard let token = try await reader.read(text), try await isEnabled(token.client) else { return nil }
        guard let parent = token.authorization else {
            // A user's token needs an authorization: a stolen sealing key must not be enough to forge a sign-in.
            guard token.user == nil, try await !singleUse.isConsumed(token.id, for: .accessToken) else { return nil }
            return AuthenticatedBearer(token, nil)
        }
        guard let authorization = try await authorizations.find(parent), authorization.revokedAt == nil,
            authorization.granted.user == token.user, authorization.granted.client == token.client,
            token.scope.isSubset(of: authorization.granted.scope),
            try await hasDetails(token, within: authorization.granted),
            let id = token.user, let user = try await users.findEnabled(id)
        else { return nil }
        return AuthenticatedBearer(token, AuthenticatedBearer.Person(user: user, granted: authorization.granted))
    }

    /// Whether the user granted the token's authorization details. Few tokens have any.
    private func hasDetails(_ token: AccessToken, within granted: Granted) async throws -> Bool {
        guard let details = token.details else { return true }
        guard let granted = granted.details else { return false }
        return try await resources.catalog().permits(details, within: granted)
    }

    private func isEnabled(_ id: Identifier<Client>) async throws -> Bool {
        guard try await clients.findEnabled(id) != nil else {
            Decision.note("The client that the access token was issued to is disabled or no longer exists.")
            return false
        }
        return true
    }
}

extension OAuthError {
    /// The same error for a token that is unknown, expired, revoked, has another audience, or is bound to another sender
    /// (RFC 6750 §3.1; RFC 8705 §3).
    static func invalidBearer(_ scheme: AuthenticationScheme = .bearer) -> OAuthError {
        .bearerChallenge(.invalidToken, "the access token is not valid here", scheme: scheme)
    }
}
