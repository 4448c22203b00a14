import HTTPTypes

/// Finds the authorization of the access or refresh token in a request's `Authorization` header, body or cookies.
struct PresentedTokenReader: Sendable {
    private let issuer: Issuer
    private let accessTokens: AccessTokenReader
    private let refreshTokens: RefreshTokenReader
    private let authorizations: any AuthorizationStore
    private let cookies: TokenCookies

    init(_ core: Core) {
        issuer = core.issuer
        accessTokens = AccessTokenReader(core)
        refreshTokens = RefreshTokenReader(core)
        authorizations = core.stores.authorizations
        cookies = TokenCookies(core)
    }

    /// Throws `authentication_failed` unless the token is active, and `invalid_request` if there is more than one
    /// token.
    func authorization(of request: Request) async throws -> (Authorization, Transport) {
        let field = request.headers[.authorization]
        let inBody = request.parameters["refresh_token"]
        let (access, refresh) = (cookies.access.value(in: request), cookies.refresh.value(in: request))
        let hasCookies = access != nil || refresh != nil
        guard [field != nil, inBody != nil, hasCookies].count(where: { $0 }) == 1 else {
            throw hasCookies || field != nil
                ? OAuthError.invalidRequest("send exactly one token: in the Authorization header, the body or a cookie")
                : .authenticationFailed
        }
        let inField = field.flatMap(AuthenticationScheme.bearer.credentials)
        let found: Authorization? =
            if let text = inField ?? (refresh == nil ? access : nil) { try await authorization(ofAccess: text) } else {
                try await refreshTokens.read(inBody ?? refresh ?? "")?.authorization
            }
        guard let found else { throw OAuthError.authenticationFailed }
        return (found, hasCookies ? .cookie : .body)
    }

    private func authorization(ofAccess text: String) async throws -> Authorization? {
        // A resource server must not end the sessions of users whose tokens it receives.
        guard let token = try await accessTokens.read(text), token.audience.contains(issuer.identifier),
            let parent = token.authorization
        else { return nil }
        return try await authorizations.find(parent)
    }
}
