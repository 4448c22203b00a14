import HTTPTypes

/// Checks the access token of a request, from `Authorization` or the cookie.
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

    /// Throws `authentication_failed` unless the token is active and meant for `audience`.
    func bearer(_ request: Request, for audience: String) async throws -> (AuthenticatedBearer, Transport) {
        let (text, transport) = try credential(request)
        guard let bearer = try await bearers.bearer(text, for: audience) else { throw OAuthError.authenticationFailed }
        return (bearer, transport)
    }

    /// For what only the operator's own front ends may do: other clients have tokens of the same users. Throws
    /// `insufficient_user_authentication` where the rules now demand a stronger sign-in.
    func person(_ request: Request) async throws -> (AuthenticatedBearer, User, Transport) {
        let (bearer, transport) = try await bearer(request, for: issuer.identifier)
        guard let person = bearer.person, try await clients.isFirstParty(bearer.token.client) else {
            throw OAuthError.authenticationFailed
        }
        try await stepUp.require(of: person)
        return (bearer, person.user, transport)
    }

    /// In one way only: which of two counts must not depend on the reader.
    private func credential(_ request: Request) throws -> (String, Transport) {
        switch (request.headers[.authorization], cookies.access.value(in: request)) {
        case (let field?, nil):
            guard let token = AuthenticationScheme.bearer.credentials(in: field) else {
                throw OAuthError.authenticationFailed
            }
            return (token, .body)
        case (nil, let text?): return (text, .cookie)
        case (nil, nil): throw OAuthError.authenticationFailed
        case (_?, _?): throw OAuthError.invalidRequest("the token must be sent in one way only")
        }
    }
}
