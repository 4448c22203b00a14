import HTTPTypes

/// Authenticates a request by its access token, from the `Authorization` header or the cookie.
struct FirstPartyAccess: Sendable {
    let issuer: Issuer
    let stepUp: StepUp
    private let cookies: TokenCookies
    private let clients: FirstPartyClients
    private let bearers: BearerAuthenticator

    init(_ core: Core, bearers: BearerAuthenticator, stepUp: StepUp) {
        issuer = core.issuer
        cookies = TokenCookies(core)
        clients = FirstPartyClients(core)
        self.bearers = bearers
        self.stepUp = stepUp
    }

    /// Returns the bearer of the token. Throws `authentication_failed` unless the token is active and issued for
    /// `audience`. `target` is the request that a DPoP proof must be for, by default `request` itself.
    func bearer(
        _ request: Request, for audience: String, at target: DPoPTarget? = nil
    ) async throws -> (AuthenticatedBearer, Transport) {
        let (credential, transport) = try credential(request)
        guard let bearer = try await bearers.bearer(credential, in: request, for: audience, at: target) else {
            throw credential.scheme == .bearer
                ? OAuthError.authenticationFailed : OAuthError.invalidBearer(credential.scheme)
        }
        return (bearer, transport)
    }

    /// Returns the user of a first-party token, since tokens of other clients are for the same users. Throws
    /// `authentication_failed` for any other token, and `insufficient_user_authentication` if the policy now requires a
    /// stronger sign-in.
    func person(_ request: Request) async throws -> (AuthenticatedBearer, User, Transport) {
        let (bearer, transport) = try await bearer(request, for: issuer.identifier)
        guard let person = bearer.person, try await clients.isFirstParty(bearer.token.client) else {
            throw OAuthError.authenticationFailed
        }
        try await stepUp.require(of: person, as: bearer.scheme)
        return (bearer, person.user, transport)
    }

    /// Two tokens are refused, because which one counts must not depend on the reader.
    private func credential(_ request: Request) throws -> (TokenCredential, Transport) {
        switch (request.headers[.authorization], cookies.access.value(in: request)) {
        case (let field?, nil):
            guard let credential = TokenCredential(field: field) else { throw OAuthError.authenticationFailed }
            return (credential, .body)
        case (nil, let text?): return (TokenCredential(text), .cookie)
        case (nil, nil): throw OAuthError.authenticationFailed
        case (_?, _?):
            throw OAuthError.invalidRequest("send the token in the Authorization header or the cookie, not both")
        }
    }
}
