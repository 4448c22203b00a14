import FoundationEssentials
import HTTPTypes

/// Reads the token of a request, from `Authorization` or the cookie.
struct FirstPartyAccess: Sendable {
    let issuer: Issuer
    let cookies: TokenCookies
    let clients: FirstPartyClients
    let users: any UserStore
    let accessTokens: AccessTokenReader
    let stepUp: StepUp

    init(_ core: Core, accessTokens: AccessTokenReader, stepUp: StepUp) {
        issuer = core.issuer
        cookies = TokenCookies(core)
        clients = FirstPartyClients(core)
        users = core.stores.users
        self.accessTokens = accessTokens
        self.stepUp = stepUp
    }

    /// A good token with its person.
    struct Bearer: Sendable {
        let token: AccessToken
        /// Nobody's, when a client asked for itself.
        let person: (user: User, granted: Granted)?
        let transport: Transport
    }

    /// Throws `authentication_failed` unless the token is active and meant for `audience`.
    func bearer(_ request: Request, for audience: String) async throws -> Bearer {
        let (text, transport) = try credential(request, cookies.access)
        guard let (token, granted) = try await accessTokens.presented(text, to: audience) else {
            throw OAuthError.authenticationFailed
        }
        guard let id = token.user else { return Bearer(token: token, person: nil, transport: transport) }
        guard let granted, let user = try await users.findEnabled(id) else {
            throw OAuthError.authenticationFailed
        }
        return Bearer(token: token, person: (user, granted), transport: transport)
    }

    /// As `bearer`, for what only one's own front ends may do: other clients have tokens of the same people. Throws
    /// `insufficient_user_authentication` where the rules demand a stronger sign-in by now.
    func person(_ request: Request) async throws -> (bearer: Bearer, user: User) {
        let bearer = try await bearer(request, for: issuer.identifier)
        guard let person = bearer.person, try await clients.isFirstParty(bearer.token.client) else {
            throw OAuthError.authenticationFailed
        }
        try await stepUp.require(of: person.granted, by: person.user)
        return (bearer, person.user)
    }

    /// The text of a credential and how it came. In one way only: which of two counts must not depend on the reader.
    private func credential(_ request: Request, _ cookie: Cookie) throws -> (String, Transport) {
        switch (request.headers[.authorization], cookie.value(in: request)) {
        case (let field?, nil):
            guard field.prefix(7).lowercased() == "bearer " else { throw OAuthError.authenticationFailed }
            return (String(field.dropFirst(7).drop { $0 == " " }), .body)
        case (nil, let text?): return (text, .cookie)
        case (nil, nil): throw OAuthError.authenticationFailed
        case (_?, _?): throw OAuthError.invalidRequest("the token must be sent in one way only")
        }
    }
}
