import FoundationEssentials
import Logging

/// The refresh token grant (RFC 6749 §6) with rotation and replay detection (RFC 9700 §4.14.2).
struct RefreshTokenGrant: Grant {
    let refreshTokens: RefreshTokenReader
    let lifetimes: Lifetimes
    let resources: CachedResourceServers
    let users: any UserStore
    let sessions: any SessionStore
    let authorizations: any AuthorizationStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    static let type = GrantType.refreshToken

    init(_ core: Core) {
        refreshTokens = RefreshTokenReader(core)
        lifetimes = core.settings.lifetimes
        resources = core.resources
        users = core.stores.users
        sessions = core.stores.sessions
        authorizations = core.stores.authorizations
        audit = core.audit
        now = core.now
    }

    func redeem(_ request: TokenRequest) async throws -> Redemption {
        let (client, parameters) = (request.client, request.parameters)
        guard let presented = try await refreshTokens.read(parameters.required("refresh_token")) else {
            throw Self.refusal("It was not issued by this issuer, or its authorization no longer exists.")
        }
        let (token, stored) = (presented.token, presented.authorization)
        // Checked before anything changes: another client must not use up the token (RFC 6749 §10.4).
        guard stored.granted.client == client.id else { throw Self.refusal("It was issued to another client.") }
        guard presented.confirmations.allSatisfy({ $0.isMet(by: request.proof.confirmation) }) else {
            throw Self.refusal("The sender has not proved to have the key that it is bound to.")
        }
        guard RefreshLifetime.end(of: stored, lifetimes) > now() else {
            throw Self.refusal("It has expired, or its session has ended.")
        }
        let scope = try narrowed(parameters, within: stored.granted.scope)
        let catalog = try await resources.catalog()
        let details = try catalog.details(parameters, within: stored.granted.details, of: client.client)
        let target = try TokenTarget(
            scope, details, of: client.client, in: catalog, granted: stored.granted.resources,
            requested: parameters.all("resource"))
        guard let id = stored.granted.user, let user = try await users.findEnabled(id) else {
            throw Self.refusal("Its user was disabled or removed.")
        }
        guard try await hasSession(stored.granted) else { throw Self.refusal("Its session has ended.") }

        let rotation = try await use(token, of: stored, by: client.client)
        switch rotation {
        case .rotated(let authorization), .repeated(let authorization):
            Decision.note(
                client.client.rotatesRefreshTokens
                    ? "The refresh token \(rotation.sentence) (generation \(authorization.generation))."
                    : "The refresh token stays the same (FAPI 2.0 Security Profile §5.3.2.1).")
            return Redemption(
                authorization, of: user, for: target, hasRefreshToken: client.client.rotatesRefreshTokens)
        case .reused:
            // A thief or the owner presents it. Both lose access (RFC 9700 §4.14.2).
            try await authorizations.revoke(token.authorization, at: now())
            audit.record(.refreshTokenReused, user: id, client: client.id, session: stored.granted.session)
            Logger.current.warning(
                "refresh token reused, authorization revoked",
                metadata: ["authorization": "\(token.authorization)", "client": "\(client.id)", "user": "\(user.id)"])
            throw Self.refusal("It was used before, so its authorization is revoked (RFC 9700 §4.14.2).")
        case .gone: throw Self.refusal("Its authorization was revoked or has expired.")
        }
    }

    private func use(
        _ token: RefreshToken, of stored: Authorization, by client: Client
    ) async throws -> Rotation {
        guard client.rotatesRefreshTokens else {
            return try await authorizations.keep(
                stored, at: token.generation, expiresAt: expiry(of: stored), at: now())
        }
        return try await authorizations.rotate(
            stored, from: token.generation, grace: client.refreshTokenGrace ?? lifetimes.refreshGrace,
            expiresAt: expiry(of: stored), at: now())
    }

    /// Returns the same error for all reasons. Only the audit record contains the reason.
    private static func refusal(_ reason: String) -> OAuthError {
        Decision.note("The refresh token is refused. \(reason)")
        return .invalidGrant("the refresh token is not valid")
    }

    private func narrowed(_ parameters: Parameters, within granted: Scope) throws(OAuthError) -> Scope {
        guard let text = parameters["scope"] else { return granted }
        let scope = try Scope(parsing: text)
        guard !scope.isEmpty, scope.isSubset(of: granted) else {
            throw .invalidScope("scope exceeds the granted scope")
        }
        return scope
    }

    /// Offline access needs no session (OpenID Connect Core §11).
    private func hasSession(_ granted: Granted) async throws -> Bool {
        guard !granted.isOffline else { return true }
        guard let session = granted.session else { return false }
        return try await sessions.find(session, at: now()) != nil
    }

    /// The authorization is kept until its last token expires, which may be later than the refresh token.
    private func expiry(of stored: Authorization) -> Date {
        let moment = now()
        return max(
            RefreshLifetime.end(stored.granted, lifetimes, usedAt: moment),
            moment.addingTimeInterval(lifetimes.longestToken))
    }
}

extension Rotation {
    fileprivate var sentence: String {
        switch self {
        case .rotated: "was current and has been replaced"
        case .repeated: "was repeated within the grace period and got the same successor"
        case .reused: "was used before"
        case .gone: "no longer exists"
        }
    }
}
