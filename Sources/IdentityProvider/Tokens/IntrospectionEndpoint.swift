import FoundationEssentials
import HTTPTypes
import JOSE

/// Tells a resource server of a token (RFC 7662). Of a token that is not its business it says what it says of rubbish.
struct IntrospectionEndpoint: Endpoint {
    let issuer: Issuer
    let authenticator: ClientAuthenticator
    let resources: CachedResourceServers
    let users: any UserStore
    let entitlements: CachedEntitlements
    let authorizations: any AuthorizationStore
    let sessions: any SessionStore
    let accessTokens: AccessTokenReader
    let sealer: Sealer
    let lifetimes: Lifetimes
    let now: @Sendable () -> Date
    let routes = [Route.post("/introspect", rateLimit: .tokens)]

    init(_ core: Core, authenticator: ClientAuthenticator, accessTokens: AccessTokenReader) {
        issuer = core.issuer
        self.authenticator = authenticator
        resources = core.resources
        users = core.stores.users
        entitlements = core.entitlements
        authorizations = core.stores.authorizations
        sessions = core.stores.sessions
        self.accessTokens = accessTokens
        sealer = core.sealer
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        try client.requireConfidential()
        let token = try request.parameters.required("token")
        if let access = try await accessTokens.active(token) {
            let servers = try await resources.catalog().servers(of: access)
            guard client.mayRead(access, for: servers) else { return Self.inactive }
            guard let id = access.user else { return .json(describe(access)) }
            guard let user = try await users.findEnabled(id) else { return Self.inactive }
            return .json(try await describe(access, for: servers, of: user))
        }
        return try await describeRefreshToken(token, for: client)
    }

    private static let inactive = Response.json(["active": false])

    /// With what the person may now, as far as the token's audience wants to know it.
    private func describe(_ access: AccessToken, for servers: [ResourceServer], of user: User) async throws
        -> JSONObject
    {
        var answer = describe(access)
        answer["username"] = .string(user.username)
        let held = try await entitlements.entitlements(of: user)
        answer.merge(held.claims(for: servers))
        return answer
    }

    private func describe(_ access: AccessToken) -> JSONObject {
        var answer = access.claims(issuer: issuer)
        answer["active"] = true
        answer["token_type"] = "Bearer"
        return answer
    }

    /// Only to the client it was issued to.
    private func describeRefreshToken(_ text: String, for client: AuthenticatedClient) async throws -> Response {
        guard let token = try? sealer.open(RefreshToken.self, from: text, for: .refreshToken),
            let stored = try await authorizations.find(token.authorization), stored.grant.client == client.id,
            stored.revokedAt == nil, stored.generation == token.generation, try await isGood(stored.grant.user),
            let end = try await end(of: stored), end > now()
        else { return Self.inactive }
        return .json([
            "active": true, "iss": .string(issuer.identifier), "client_id": .string(client.id.rawValue),
            "sub": .string(stored.grant.user?.rawValue ?? client.id.rawValue),
            "scope": .string(stored.grant.scope.text),
            "exp": .integer(Int(end.timeIntervalSince1970)),
        ])
    }

    /// When its refresh token ends; `nil` when the session that it is bound to has ended (OpenID Connect Core §11).
    private func end(of authorization: Authorization) async throws -> Date? {
        let end = RefreshLifetime.end(of: authorization, lifetimes)
        guard !authorization.grant.isOffline else { return end }
        guard let id = authorization.grant.session, let session = try await sessions.peek(id, at: now()) else {
            return nil
        }
        return min(end, session.expiresAt)
    }

    private func isGood(_ user: Identifier<User>?) async throws -> Bool {
        guard let user else { return true }
        return try await users.findEnabled(user) != nil
    }
}

extension AuthenticatedClient {
    /// A client may read what it got itself and, for a resource server, what is meant for that (RFC 7662 §4).
    fileprivate func mayRead(_ token: AccessToken, for servers: [ResourceServer]) -> Bool {
        token.client == id || servers.contains { $0.introspectionClients.contains(id.rawValue) }
    }
}
