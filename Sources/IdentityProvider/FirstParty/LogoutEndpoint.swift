import FoundationEssentials
import HTTPTypes
import Logging

/// `POST /api/auth/logout`: ends the session and all its tokens. Takes the access token or, once that has expired, the
/// refresh token.
struct LogoutEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    let tokens: PresentedTokenReader
    let authorizations: any AuthorizationStore
    let sessionEnd: SessionEnd
    let cookies: TokenCookies
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.api(.post, "logout", rateLimit: .requests)]

    init(_ core: Core) {
        clients = FirstPartyClients(core)
        tokens = PresentedTokenReader(core)
        authorizations = core.stores.authorizations
        sessionEnd = SessionEnd(core)
        cookies = TokenCookies(core)
        audit = core.audit
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["refresh_token"])
        let (stored, transport) = try await tokens.authorization(of: request)
        guard try await clients.isFirstParty(stored.granted.client) else { throw OAuthError.authenticationFailed }
        if transport == .cookie { try cookies.verify(request, for: stored.id) }
        if let session = stored.granted.session { try await sessionEnd.end(session, because: .signOut) }
        // With `offline_access` the authorization would outlive the session.
        try await authorizations.revoke(stored.id, at: now())
        audit.record(
            .signedOut, user: stored.granted.user, client: stored.granted.client, session: stored.granted.session)
        Logger.current.info("signed out", metadata: ["authorization": "\(stored.id)"])
        let answer = Response(status: .noContent, headers: [.cacheControl: "no-store"])
        return transport == .body ? answer : cookies.clearing.reduce(answer) { $0.setting($1) }
    }
}
