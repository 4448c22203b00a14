import FoundationEssentials
import HTTPTypes

/// Reads the token of a request, from `Authorization` or the cookie.
struct FirstPartyAccess: Sendable {
    let issuer: Issuer
    let cookies: TokenCookies
    let clients: FirstPartyClients
    let users: any UserStore
    let accessTokens: AccessTokenReader

    /// A good token with its person.
    struct Bearer: Sendable {
        let token: AccessToken
        /// Nobody, when a client asked for itself.
        let user: User?
        let transport: Transport
    }

    /// Throws `authentication_failed` for a token that is not good now, whatever it is for.
    func bearer(_ request: Request) async throws -> Bearer {
        let (text, transport) = try credential(request, cookies.access)
        guard let token = try await accessTokens.active(text) else { throw OAuthError.authenticationFailed }
        guard let id = token.user else { return Bearer(token: token, user: nil, transport: transport) }
        guard let user = try await users.find(id), !user.isDisabled else { throw OAuthError.authenticationFailed }
        return Bearer(token: token, user: user, transport: transport)
    }

    /// As `bearer`, for what only one's own front ends may do: other clients have tokens of the same people.
    func person(_ request: Request) async throws -> (bearer: Bearer, user: User) {
        let bearer = try await bearer(request)
        guard let user = bearer.user, bearer.token.audience.contains(issuer.identifier),
            try await clients.isFirstParty(bearer.token.client)
        else { throw OAuthError.authenticationFailed }
        return (bearer, user)
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
