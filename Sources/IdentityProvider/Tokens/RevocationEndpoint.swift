import FoundationEssentials
import HTTPTypes
import Logging

/// A client gives a token back (RFC 7009). The authorization goes with it, and with that all of its tokens.
struct RevocationEndpoint: Endpoint {
    let authenticator: ClientAuthenticator
    let authorizations: any AuthorizationStore
    let spent: any SpentStore
    let accessTokens: AccessTokenReader
    let sealer: Sealer
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post("/revoke", rateLimit: .tokens, isSharedAcrossOrigins: true)]

    init(_ core: Core, authenticator: ClientAuthenticator, accessTokens: AccessTokenReader) {
        self.authenticator = authenticator
        authorizations = core.stores.authorizations
        spent = core.stores.spent
        self.accessTokens = accessTokens
        sealer = core.sealer
        audit = core.audit
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        let text = try request.parameters.required("token")
        if let token = try? sealer.open(RefreshToken.self, from: text, for: .refreshToken) {
            if let stored = try await authorizations.find(token.authorization) {
                try await revoke(stored.id, of: stored.grant.client, by: client)
            }
        } else if let token = try await accessTokens.read(text) {
            try await revoke(token, by: client)
        }
        // A token that is none is as good as revoked (RFC 7009 §2.2).
        return Response(headers: [.cacheControl: "no-store"])
    }

    private func revoke(_ token: AccessToken, by client: AuthenticatedClient) async throws {
        if let authorization = token.authorization {
            try await revoke(authorization, of: token.client, by: client)
        } else {
            try requireOwner(token.client, client)
            _ = try await spent.spend(token.id, for: .accessToken, until: token.expiresAt)
            audit.record(.tokenRevoked, client: client.id)
        }
    }

    private func revoke(
        _ authorization: Identifier<Authorization>, of owner: Identifier<Client>, by client: AuthenticatedClient
    ) async throws {
        try requireOwner(owner, client)
        try await authorizations.revoke(authorization, at: now())
        Logger.current.info("authorization revoked", metadata: ["authorization": "\(authorization)"])
        audit.record(.authorizationRevoked, client: client.id)
    }

    /// RFC 7009 §2.1.
    private func requireOwner(_ owner: Identifier<Client>, _ client: AuthenticatedClient) throws(OAuthError) {
        guard owner == client.id else { throw .invalidGrant("the token was issued to another client") }
    }
}
