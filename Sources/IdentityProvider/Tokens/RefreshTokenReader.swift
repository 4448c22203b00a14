import FoundationEssentials

/// A refresh token of this issuer, with its stored authorization.
struct PresentedRefreshToken: Sendable {
    let token: RefreshToken
    let authorization: Authorization

    /// Everything that its sender must prove to have.
    var confirmations: [Confirmation] { [token.confirmation, authorization.granted.confirmation].compactMap(\.self) }
}

struct RefreshTokenReader: Sendable {
    private let sealer: Sealer
    private let authorizations: any AuthorizationStore
    private let users: any UserStore
    private let sessions: any SessionStore
    private let lifetimes: Lifetimes
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        sealer = core.sealer
        authorizations = core.stores.authorizations
        users = core.stores.users
        sessions = core.stores.sessions
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    /// Returns `nil` unless the token is this issuer's and its authorization exists. It may be revoked, used or
    /// expired.
    func read(_ text: String) async throws -> PresentedRefreshToken? {
        guard let token = try? sealer.open(RefreshToken.self, from: text, for: .refreshToken),
            let authorization = try await authorizations.find(token.authorization)
        else { return nil }
        return PresentedRefreshToken(token: token, authorization: authorization)
    }

    /// Returns when the token expires; `nil` if it isn't valid now. Doesn't count as a use of the session.
    func end(of presented: PresentedRefreshToken) async throws -> Date? {
        let authorization = presented.authorization
        guard authorization.revokedAt == nil, authorization.generation == presented.token.generation,
            try await isEnabled(authorization.granted.user), let end = try await end(of: authorization), end > now()
        else { return nil }
        return end
    }

    /// Without offline access, the token ends with its session (OpenID Connect Core §11).
    private func end(of authorization: Authorization) async throws -> Date? {
        let end = RefreshLifetime.end(of: authorization, lifetimes)
        guard !authorization.granted.isOffline else { return end }
        guard let id = authorization.granted.session, let session = try await sessions.peek(id, at: now()) else {
            return nil
        }
        return min(end, session.expiresAt)
    }

    private func isEnabled(_ user: Identifier<User>?) async throws -> Bool {
        guard let user else { return true }
        return try await users.findEnabled(user) != nil
    }
}
