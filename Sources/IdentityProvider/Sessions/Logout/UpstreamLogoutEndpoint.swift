import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let upstreamLogout = Path("/upstream/{upstream}/backchannel-logout") }

/// Ends sessions when an upstream reports that the user has signed out there (OpenID Connect Back-Channel Logout §2.5).
/// Reads no cookies: the token's signature is the only authority.
struct UpstreamLogoutEndpoint: Endpoint {
    private let upstreams: CachedUpstreams
    private let client: UpstreamClient
    private let sessions: EndedUpstreamSessions
    private let singleUse: any SingleUseStore
    private let audit: AuditLog
    let routes = [Route.post(.upstreamLogout, rateLimit: .requests)]

    init(_ core: Core) {
        upstreams = core.upstreams
        client = UpstreamClient(core)
        sessions = EndedUpstreamSessions(core)
        singleUse = core.stores.singleUse
        audit = core.audit
    }

    func respond(to request: Request) async throws -> Response {
        let text = try request.parameters.required("logout_token")
        // An unknown upstream looks like an invalid token.
        guard let id = request.variable, let upstream = try await upstreams.findEnabled(Identifier(rawValue: id)) else {
            throw OAuthError.logoutTokenInvalid(UpstreamMistake("the path names no enabled upstream"))
        }
        do { return try await end(token(text, from: upstream), at: upstream) } catch let mistake as UpstreamMistake {
            Decision.note("The upstream \(upstream.id) sent no valid logout token: \(mistake).")
            throw OAuthError.logoutTokenInvalid(mistake)
        }
    }

    private func end(_ token: UpstreamLogoutToken, at upstream: Upstream) async throws -> Response {
        let name = upstream.id.name(of: token.identifier)
        guard try await !singleUse.isConsumed(name, for: .logoutToken) else { throw Self.replay }
        let ended = try await sessions.end(at: upstream, subject: token.subject, session: token.session)
        // Only now, so that the upstream can send the token again if ending the sessions fails.
        guard try await singleUse.consume(name, for: .logoutToken, until: token.expiresAt) else { throw Self.replay }
        record(ended, at: upstream)
        return Response(headers: [.cacheControl: "no-store"])
    }

    private static let replay = UpstreamMistake("the jti of the logout token was used before")

    /// Throws `UpstreamMistake`, or the error for an upstream whose keys can't be fetched now.
    private func token(_ text: String, from upstream: Upstream) async throws -> UpstreamLogoutToken {
        do { return try await client.logoutToken(text, from: upstream) } catch let failure as UpstreamFailure
            where failure.reason == .unavailable
        {
            throw OAuthError.unavailable(retryAfter: 5, cause: failure.cause)
        } catch let failure as UpstreamFailure {
            throw failure.cause as? UpstreamMistake ?? UpstreamMistake("\(failure.cause.map { "\($0)" } ?? "invalid")")
        }
    }

    /// Records one event per user.
    private func record(_ ended: [EndedSession], at upstream: Upstream) {
        let users = Dictionary(grouping: ended, by: \.user)
        for (user, sessions) in users {
            audit.record(.upstreamSignedOut(upstream: upstream.id, sessions: sessions.count), user: user, by: .system)
        }
        if users.isEmpty { audit.record(.upstreamSignedOut(upstream: upstream.id, sessions: 0), by: .system) }
        Logger.current.info(
            "signed out by upstream", metadata: ["upstream": "\(upstream.id)", "sessions": "\(ended.count)"])
    }
}

extension OAuthError {
    /// OpenID Connect Back-Channel Logout §2.8. Does not say which check failed.
    fileprivate static func logoutTokenInvalid(_ cause: UpstreamMistake) -> OAuthError {
        invalidRequest("logout_token is not valid", cause: cause)
    }
}
