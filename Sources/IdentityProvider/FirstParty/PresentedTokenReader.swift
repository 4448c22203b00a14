import HTTPTypes

/// Finds the authorization of the access or refresh token in a request's `Authorization` header, body or cookies.
struct PresentedTokenReader: Sendable {
    private let issuer: Issuer
    private let accessTokens: AccessTokenReader
    private let refreshTokens: RefreshTokenReader
    private let authorizations: any AuthorizationStore
    private let binding: TokenBinding
    private let cookies: TokenCookies

    init(_ core: Core) {
        issuer = core.issuer
        accessTokens = AccessTokenReader(core)
        refreshTokens = RefreshTokenReader(core)
        authorizations = core.stores.authorizations
        binding = TokenBinding(core)
        cookies = TokenCookies(core)
    }

    /// Throws `authentication_failed` unless the token is active, `invalid_request` for contradictory tokens, and a
    /// challenge for an access token that is bound to another sender. A refresh token needs no proof, as at the
    /// revocation endpoint: whoever has it can only end the session.
    func authorization(of request: Request) async throws -> (Authorization, Transport) {
        let (field, inBody) = (request.headers[.authorization], request.parameters["refresh_token"])
        let (access, refresh) = (cookies.access.value(in: request), cookies.refresh.value(in: request))
        let hasCookies = access != nil || refresh != nil
        guard !hasCookies || field == nil && inBody == nil else {
            throw OAuthError.invalidRequest("send tokens in cookies, or in the Authorization header and body, not both")
        }
        let found: Authorization? =
            if let text = inBody ?? refresh { try await refreshTokens.read(text)?.authorization } else {
                try await authorization(
                    ofAccess: field.flatMap(TokenCredential.init(field:)) ?? access.map { TokenCredential($0) },
                    in: request)
            }
        guard let found else { throw OAuthError.authenticationFailed }
        if inBody != nil { try await requireAgreement(of: request, with: found) }
        return (found, hasCookies ? .cookie : .body)
    }

    /// Checks the `Authorization` header of a request whose body has the refresh token of `authorization`: many apps send
    /// their access token with every request. The refresh token alone counts, so the access token may have expired, but
    /// it must be from the same session, user and client. Throws `invalid_request` otherwise.
    func requireAgreement(of request: Request, with authorization: Authorization) async throws {
        guard let field = request.headers[.authorization] else { return }
        let token = TokenCredential(field: field)?.text
        guard let named = token.flatMap(accessTokens.unverifiedAuthorization) else { throw Self.contradiction }
        guard named != authorization.id else { return }
        guard let other = try await authorizations.find(named)?.granted, let session = other.session,
            session == authorization.granted.session, other.user == authorization.granted.user,
            other.client == authorization.granted.client
        else { throw Self.contradiction }
    }

    private static let contradiction = OAuthError.invalidRequest(
        "the Authorization header must have a token of the same session as refresh_token, or be left out")

    private func authorization(
        ofAccess credential: TokenCredential?, in request: Request
    ) async throws -> Authorization? {
        // A resource server must not end the sessions of users whose tokens it receives.
        guard let credential, let token = try await accessTokens.read(credential.text),
            token.audience.contains(issuer.identifier), let parent = token.authorization
        else { return nil }
        _ = try await binding.check(token, presented: credential, in: request)
        return try await authorizations.find(parent)
    }
}
