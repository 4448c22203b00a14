import FoundationEssentials

/// All that stays open to whoever has got into an account: sessions, what applications were granted, and browsers that
/// stand in for the second factor.
struct OpenAccess: Sendable {
    let sessions: any SessionStore
    let authorizations: any AuthorizationStore
    let devices: any DeviceStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        sessions = core.stores.sessions
        authorizations = core.stores.authorizations
        devices = core.stores.devices
        now = core.now
    }

    /// Ends all of it, offline access, too: whoever got in is out.
    func end(of user: Identifier<User>) async throws {
        // First: in a session that has ended nothing begins.
        try await sessions.endAll(of: user, at: now())
        try await authorizations.revoke(user: user, at: now())
        try await devices.forgetAll(of: user)
    }

    /// Ends one session with all that was granted in it. OpenID Connect Core §11 lets offline access outlive a sign-out;
    /// whoever ends a session that they do not see before them wants none of it to go on.
    func end(_ session: Identifier<Session>) async throws {
        try await sessions.end(session, at: now())
        try await authorizations.revoke(session: session, at: now())
    }
}
