/// A valid access token and its user. Only `BearerAuthenticator` makes one.
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

    /// How the token must be presented.
    var scheme: AuthenticationScheme { token.scheme }
}

/// Turns what is presented as an access token into an `AuthenticatedBearer`: issued here, not expired or revoked, its
/// client and its user enabled.
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

    /// The bearer of the request's token, for an endpoint of the issuer itself. Throws the challenge of RFC 6750 §3.
    func authenticate(_ request: Request) async throws -> AuthenticatedBearer {
        guard let bearer = try await bearer(BearerToken.read(request), for: issuer.identifier) else {
            throw OAuthError.invalidBearer
        }
        return bearer
    }

    /// `nil` also for a token with another audience (RFC 9068 §4).
    func bearer(_ text: String, for audience: String) async throws -> AuthenticatedBearer? {
        guard let bearer = try await bearer(text) else { return nil }
        guard bearer.token.audience.contains(audience) else {
            Decision.note("The access token is not for \(audience) (RFC 9068 §4).")
            return nil
        }
        return bearer
    }

    /// The bearer of a token with any audience, for resource servers that ask the issuer about tokens (RFC 7662 §2).
    func bearer(_ text: String) async throws -> AuthenticatedBearer? {
        guard let token = try await reader.read(text), try await isEnabled(token.client) else { return nil }
        guard let parent = token.authorization else {
            // Only an authorization makes a token a user's: a sealing key alone must not make up a sign-in.
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
    /// One answer for a token that is unknown, expired, revoked or meant for others (RFC 6750 §3.1).
    static var invalidBearer: OAuthError { .bearerChallenge(.invalidToken, "the access token is not valid here") }
}
