import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let revocation = Path("/revoke") }

/// The revocation endpoint (RFC 7009). Revokes the token's authorization and thereby all of its tokens.
struct RevocationEndpoint: Endpoint {
    private let authenticator: ClientAuthenticator
    private let accessTokens: AccessTokenReader
    private let refreshTokens: RefreshTokenReader
    private let authorizations: any AuthorizationStore
    private let singleUse: any SingleUseStore
    private let audit: AuditLog
    private let now: @Sendable () -> Date
    let routes = [Route.post(.revocation, rateLimit: .clients, isSharedAcrossOrigins: true)]

    init(_ core: Core, authenticator: ClientAuthenticator) {
        accessTokens = AccessTokenReader(core)
        refreshTokens = RefreshTokenReader(core)
        authorizations = core.stores.authorizations
        singleUse = core.stores.singleUse
        audit = core.audit
        now = core.now
        self.authenticator = authenticator
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        let text = try request.parameters.required("token")
        if let authorization = try await refreshTokens.read(text)?.authorization {
            try await revoke(authorization.id, of: authorization.granted.client, by: client)
        } else if let token = try await accessTokens.read(text) {
            try await revoke(token, by: client)
        }
        // An invalid token counts as revoked (RFC 7009 §2.2).
        return Response(headers: [.cacheControl: "no-store"])
    }

    private func revoke(_ token: AccessToken, by client: AuthenticatedClient) async throws {
        if let authorization = token.authorization {
            try await revoke(authorization, of: token.client, by: client)
        } else {
            try requireOwner(token.client, client)
            _ = try await singleUse.consume(token.id, for: .accessToken, until: token.expiresAt)
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

    /// Throws unless the token was issued to `client` (RFC 7009 §2.1).
    private func requireOwner(_ owner: Identifier<Client>, _ client: AuthenticatedClient) throws(OAuthError) {
        guard owner == client.id else { throw .invalidGrant("the token was issued to another client") }
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["revocation_endpoint"] = metadata.url(.revocation)
        metadata.describe(ClientAuthentication.methods, at: "revocation_endpoint")
    }
}
