import HTTPTypes

/// RFC 6749 §3.2.
struct TokenEndpoint: Endpoint {
    let authenticator: ClientAuthenticator
    let grants: [any Grant]
    let audit: AuditLog
    let issuer: TokenIssuer
    let routes = [Route.post("/token", rateLimit: .tokens, isSharedAcrossOrigins: true)]

    init(_ core: Core, authenticator: ClientAuthenticator, grants: [any Grant], issuer: TokenIssuer) {
        self.authenticator = authenticator
        self.grants = grants
        audit = core.audit
        self.issuer = issuer
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        let type = GrantType(rawValue: try request.parameters.required("grant_type"))
        guard let grant = grants.first(where: { $0.type == type }) else {
            throw OAuthError(code: .unsupportedGrantType, description: "grant_type is not supported")
        }
        try client.require(type)
        let redemption = try await grant.redeem(request.parameters, by: client)
        let answer = try await issuer.issue(redemption, to: client.client)
        audit.record(
            .tokensIssued(grant: type, scope: redemption.scope), user: redemption.granted.user, client: client.id,
            session: redemption.granted.session, by: .client(client.id))
        return .json(answer)
    }
}
