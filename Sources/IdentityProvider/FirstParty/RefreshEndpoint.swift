import HTTPTypes
import JOSE

/// `POST /api/auth/refresh`: issues the next tokens, with the same rotation as the token endpoint.
struct RefreshEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let authenticator: ClientAuthenticator
    let constraint: SenderConstraint
    let grant: RefreshTokenGrant
    let refreshTokens: RefreshTokenReader
    let tokens: PresentedTokenReader
    let outcome: FirstPartySignIn
    let cookies: TokenCookies
    let routes = [Route.api(.post, "refresh", rateLimit: .clients)]

    init(_ core: Core, authenticator: ClientAuthenticator, outcome: FirstPartySignIn) {
        clients = FirstPartyClients(core)
        self.authenticator = authenticator
        constraint = SenderConstraint(core)
        grant = RefreshTokenGrant(core)
        refreshTokens = RefreshTokenReader(core)
        tokens = PresentedTokenReader(core)
        self.outcome = outcome
        cookies = TokenCookies(core)
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["refresh_token", "client_id"])
        let (text, transport) = try credential(request)
        guard let stored = try await refreshTokens.read(text)?.authorization else {
            throw OAuthError.authenticationFailed
        }
        switch transport {
        case .cookie: try cookies.verify(request, for: stored.id)
        case .body: try await tokens.requireAgreement(of: request, with: stored)
        }
        guard try await clients.isFirstParty(stored.granted.client),
            request.parameters["client_id"].map({ $0 == stored.granted.client.rawValue }) ?? true
        else { throw OAuthError.authenticationFailed }
        let parameters = Parameters([("client_id", stored.granted.client.rawValue), ("refresh_token", text)])
        let tokenRequest = try await TokenRequest(
            request.withoutCookies.with(parameters), authenticator: authenticator, constraint: constraint)
        guard transport == .body || tokenRequest.proof.confirmation == nil else {
            throw OAuthError.invalidRequest("tokens in cookies can't be bound to a key; send refresh_token in the body")
        }
        let redemption = try await grant.redeem(tokenRequest)
        guard let user = redemption.user else { throw OAuthError.authenticationFailed }
        return try await outcome.answer(
            redemption, by: .refreshToken, of: user, to: tokenRequest.client.client, over: transport,
            provenBy: tokenRequest.proof)
    }

    private func credential(_ request: Request) throws -> (String, Transport) {
        switch (request.parameters["refresh_token"], cookies.refresh.value(in: request)) {
        case (let text?, nil): return (text, .body)
        case (nil, let text?):
            guard request.headers[.authorization] == nil else {
                throw OAuthError.invalidRequest("send refresh_token in the cookie, without an Authorization header")
            }
            return (text, .cookie)
        case (nil, nil): throw OAuthError.invalidRequest("send refresh_token in the body or the cookie")
        case (_?, _?): throw OAuthError.invalidRequest("send refresh_token in the body or the cookie, not both")
        }
    }
}
