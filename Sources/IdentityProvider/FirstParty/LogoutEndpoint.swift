import FoundationEssentials
import HTTPTypes
import Logging

/// `POST /api/auth/logout`: ends the session with all of its tokens, by the access token or, when that has expired, by
/// the refresh token.
struct LogoutEndpoint: FirstPartyEndpoint {
    let issuer: Issuer
    let clients: FirstPartyClients
    let accessTokens: AccessTokenReader
    let authorizations: any AuthorizationStore
    let sessions: any SessionStore
    let cookies: TokenCookies
    let sealer: Sealer
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.api(.post, "logout", rateLimit: .tokens)]

    init(_ core: Core, accessTokens: AccessTokenReader) {
        issuer = core.issuer
        clients = FirstPartyClients(core)
        self.accessTokens = accessTokens
        authorizations = core.stores.authorizations
        sessions = core.stores.sessions
        cookies = TokenCookies(core)
        sealer = core.sealer
        audit = core.audit
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["refresh_token"])
        let (authorization, transport) = try await authorization(request)
        guard let stored = try await authorizations.find(authorization),
            try await clients.isFirstParty(stored.grant.client)
        else { throw OAuthError.authenticationFailed }
        if transport == .cookie { try cookies.verify(request, for: stored.id) }
        if let session = stored.grant.session { try await sessions.end(session, at: now()) }
        // With offline_access it would outlive the session.
        try await authorizations.revoke(stored.id, at: now())
        audit.record(
            .signedOut, user: stored.grant.user, client: stored.grant.client, session: stored.grant.session)
        Logger.current.info("signed out", metadata: ["authorization": "\(stored.id)"])
        let answer = Response(status: .noContent, headers: [.cacheControl: "no-store"])
        return transport == .body ? answer : cookies.clearing.reduce(answer) { $0.setting($1) }
    }

    private func authorization(_ request: Request) async throws -> (Identifier<Authorization>, Transport) {
        let field = request.headers[.authorization]
        let inBody = request.parameters["refresh_token"]
        let (access, refresh) = (cookies.access.value(in: request), cookies.refresh.value(in: request))
        let hasCookies = access != nil || refresh != nil
        guard [field != nil, inBody != nil, hasCookies].count(where: { $0 }) == 1 else {
            throw hasCookies || field != nil
                ? OAuthError.invalidRequest("the token must be sent in one way only") : .authenticationFailed
        }
        if let field, field.prefix(7).lowercased() == "bearer " {
            return (try await parent(ofAccess: String(field.dropFirst(7))), .body)
        }
        if let inBody { return (try parent(ofRefresh: inBody), .body) }
        if let refresh { return (try parent(ofRefresh: refresh), .cookie) }
        if let access { return (try await parent(ofAccess: access), .cookie) }
        throw OAuthError.authenticationFailed
    }

    private func parent(ofAccess text: String) async throws -> Identifier<Authorization> {
        // A resource server must not end the sessions of users whose tokens it receives.
        guard let token = try await accessTokens.read(text), token.audience.contains(issuer.identifier),
            let parent = token.authorization
        else { throw OAuthError.authenticationFailed }
        return parent
    }

    private func parent(ofRefresh text: String) throws -> Identifier<Authorization> {
        guard let token = try? sealer.open(RefreshToken.self, from: text, for: .refreshToken) else {
            throw OAuthError.authenticationFailed
        }
        return token.authorization
    }
}
