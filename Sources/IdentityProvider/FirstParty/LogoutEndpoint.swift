import FoundationEssentials
import HTTPTypes
import Logging

/// `POST /api/auth/logout`: ends the session with all of its tokens, by the access token or, when that has expired, by
/// the refresh token.
struct LogoutEndpoint: FirstPartyEndpoint {
    let issuer: Issuer
    let clients: FirstPartyClients
    let accessTokens: AccessTokenReader
    let refreshTokens: RefreshTokenReader
    let authorizations: any AuthorizationStore
    let sessionEnd: SessionEnd
    let cookies: TokenCookies
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.api(.post, "logout", rateLimit: .tokens)]

    init(_ core: Core) {
        issuer = core.issuer
        clients = FirstPartyClients(core)
        accessTokens = AccessTokenReader(core)
        refreshTokens = RefreshTokenReader(core)
        authorizations = core.stores.authorizations
        sessionEnd = SessionEnd(core)
        cookies = TokenCookies(core)
        audit = core.audit
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["refresh_token"])
        let (stored, transport) = try await authorization(request)
        guard try await clients.isFirstParty(stored.granted.client) else { throw OAuthError.authenticationFailed }
        if transport == .cookie { try cookies.verify(request, for: stored.id) }
        if let session = stored.granted.session { try await sessionEnd.end(session, because: .signOut) }
        // With offline_access it would outlive the session.
        try await authorizations.revoke(stored.id, at: now())
        audit.record(
            .signedOut, user: stored.granted.user, client: stored.granted.client, session: stored.granted.session)
        Logger.current.info("signed out", metadata: ["authorization": "\(stored.id)"])
        let answer = Response(status: .noContent, headers: [.cacheControl: "no-store"])
        return transport == .body ? answer : cookies.clearing.reduce(answer) { $0.setting($1) }
    }

    private func authorization(_ request: Request) async throws -> (Authorization, Transport) {
        let field = request.headers[.authorization]
        let inBody = request.parameters["refresh_token"]
        let (access, refresh) = (cookies.access.value(in: request), cookies.refresh.value(in: request))
        let hasCookies = access != nil || refresh != nil
        guard [field != nil, inBody != nil, hasCookies].count(where: { $0 }) == 1 else {
            throw hasCookies || field != nil
                ? OAuthError.invalidRequest("the token must be sent in one way only") : .authenticationFailed
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
