import FoundationEssentials
import Logging

/// The only code that ends sessions. Nothing else calls the store methods that end sessions or revoke what was granted
/// in them.
///
/// The transaction that ends a session also queues the notices for its clients (`LogoutNotice`).
///
/// Expiry needs no call. Every lookup compares `expiresAt`, so nothing is granted or renewed in an expired session, and
/// `StorageUpkeep.removeExpired` deletes its row later, and queues the notices for clients that ask for them.
struct SessionEnd: Sendable {
    private let sessions: any SessionStore
    private let authorizations: any AuthorizationStore
    private let devices: any DeviceStore
    private let audit: AuditLog?
    private let now: @Sendable () -> Date

    /// Without `audit`, ended sessions are not recorded, and receivers of shared signals don't learn of them.
    init(_ stores: Stores, audit: AuditLog?, now: @escaping @Sendable () -> Date) {
        sessions = stores.sessions
        authorizations = stores.authorizations
        devices = stores.devices
        self.audit = audit
        self.now = now
    }

    init(_ core: Core) { self.init(core.stores, audit: core.audit, now: core.now) }

    /// Ends one session and what clients were granted in it. Returns `nil` if it had already ended.
    @discardableResult
    func end(_ session: Identifier<Session>, because reason: SessionEndReason) async throws -> EndedSession? {
        // First, so that nothing new is granted in the session.
        let one = try await sessions.end(session, at: now())
        ended(one.map { [$0] } ?? [], because: reason)
        if reason.endsOfflineAccess { try await authorizations.revoke(session: session, at: now()) }
        return one
    }

    /// Ends the sessions that rest on a sign-in at `upstream` (`SessionStore.sessions(from:subject:session:limit:)`), and
    /// returns them.
    func endAll(
        from upstream: Identifier<Upstream>, subject: String?, session: String?
    ) async throws -> [EndedSession] {
        var all: [EndedSession] = []
        while true {
            let found = try await sessions.sessions(from: upstream, subject: subject, session: session, limit: 100)
            guard !found.isEmpty else { return all }
            for session in found {
                guard let session = try await sessions.end(session.id, at: now()) else { continue }
                ended([session], because: .upstream)
                all.append(session)
            }
        }
    }

    /// Ends all of a user's sign-ins in progress.
    func voidSignIns(of user: Identifier<User>) async throws { try await sessions.voidSignIns(of: user) }

    /// Ends all of a user's sessions and sign-ins in progress. Unless offline access survives, also forgets trusted
    /// browsers, so that an intruder keeps nothing. Returns the ended sessions.
    @discardableResult
    func endAll(of user: Identifier<User>, because reason: SessionEndReason) async throws -> [EndedSession] {
        let all = try await sessions.endAll(of: user, at: now())
        ended(all, because: reason)
        guard reason.endsOfflineAccess else { return all }
        try await authorizations.revoke(user: user, at: now())
        try await devices.forgetAll(of: user)
        return all
    }

    /// Starts a session and ends the browser's previous one, unless the session continues under the same identifier
    /// (`SessionStore.start`). Returns whether it started.
    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> Bool {
        switch try await sessions.start(session, of: user, from: origin, replacing: former) {
        case .outdated: return false
        case .started(let replaced):
            ended(replaced.map { [$0] } ?? [], because: .replaced)
            return true
        }
    }

    /// Deletes the user and everything that belongs to them. Returns the ended sessions.
    @discardableResult
    func endAll(byDeleting user: Identifier<User>) async throws -> [EndedSession] {
        let all = try await sessions.endAll(byDeleting: user, at: now())
        ended(all, because: .accountDeleted)
        return all
    }

    /// Ends every session and authorization of the issuer and replaces its data keys. The caller passes the ended
    /// sessions to `recordCompromise`, once the audit log can use the new keys.
    func endEverything(replacing keys: [DataKeyRecord]) async throws -> [EndedSession] {
        try await sessions.endEverything(replacing: keys, at: now())
    }

    /// Records sessions that `endEverything` ended, in batches, because there may be more than the audit log holds.
    func recordCompromise(of sessions: [EndedSession]) async throws {
        for start in stride(from: 0, to: sessions.count, by: 1_000) {
            ended(Array(sessions[start..<min(start + 1_000, sessions.count)]), because: .compromise)
            try await audit?.flush()
        }
    }

    /// Receives every ended session, as returned by the transaction that ended it.
    private func ended(_ sessions: [EndedSession], because reason: SessionEndReason) {
        for session in sessions {
            Logger.current.debug(
                "session ended",
                metadata: ["session": "\(session.id)", "user": "\(session.user)", "reason": "\(reason)"])
            audit?.record(
                .sessionEnded(reason: reason.rawValue), user: session.user, session: session.id,
                by: reason.isAutomatic ? .system : nil)
        }
    }
}
