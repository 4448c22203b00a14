/// A valid access token and its user. Only `BearerAuthenticator` creates one.
struct AuthenticatedBearer: Sendable {
    let token: AccessToken
    /// `nil` for a token that a client requested for itself (RFC 6749 §4.4).
    let person: Person?

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

/// Verifies access tokens: issued by this issuer, neither expired nor revoked, with an enabled client and user.
struct BearerAuthenticator: Sendable {
    let issuer: Issuer
    private let reader: AccessTokenReader
    private let clients: any ClientStore
    private let users: any UserStore
    private let authorizations: any AuthorizationStore
    private let singleUse: any SingleUseStore

    init(_ core: Core) {
        issuer = core.issuer
        reader = AccessTokenReader(core)
        clients = core.clients
        users = core.stores.users
        authorizations = core.stores.authorizations
        singleUse = core.stores.singleUse
    }

    /// Returns the bearer of the request's token, for the issuer's own endpoints. Throws the challenge of RFC 6750 §3.
    func authenticate(_ request: Request) async throws -> AuthenticatedBearer {
        guard let bearer = try await bearer(BearerToken.read(request), for: issuer.identifier) else {
            throw OAuthError.invalidBearer
        }
        return bearer
    }

    /// Returns `nil` for an invalid token, or if its audience doesn't include `audience` (RFC 9068 §4).
    func bearer(_ text: String, for audience: String) async throws -> AuthenticatedBearer? {
        guard let bearer = try await bearer(text) else { return nil }
        guard bearer.token.audience.contains(audience) else {
            Decision.note("The access token is not for \(audience) (RFC 9068 §4).")
            return nil
        }
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
            let id = token.user, let user = try await users.findEnabled(id)
        else { return nil }
        return AuthenticatedBearer(token, AuthenticatedBearer.Person(user: user, granted: authorization.granted))
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
    /// The same error for a token that is unknown, expired, revoked or has another audience (RFC 6750 §3.1).
    static var invalidBearer: OAuthError { .bearerChallenge(.invalidToken, "the access token is not valid here") }
}
