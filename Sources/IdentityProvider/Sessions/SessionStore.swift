package import FoundationEssentials

/// A session that a transaction ended.
package struct EndedSession: Sendable, Hashable {
    package let id: Identifier<Session>
    package let user: Identifier<User>
    /// The clients that got a token in the session and registered a URI for logout.
    package let clients: [Identifier<Client>]

    package init(id: Identifier<Session>, user: Identifier<User>, clients: [Identifier<Client>] = []) {
        self.id = id
        self.user = user
        self.clients = clients
    }
}

/// The result of starting a session.
package enum SessionStart: Sendable, Hashable {
    /// `ending` is the session that the new one replaced; `nil` if there was none or it continues under the same
    /// identifier.
    case started(ending: EndedSession?)
    /// The user or the former session has changed since the sign-in read it. Nothing was stored.
    case outdated
}

package protocol SessionStore: Sendable {
    /// Stores `session` and its origin and ends `former`, in one transaction, so that a sign-in never leaves the old
    /// session usable (session fixation). If `session` continues under the identifier of `former` because the same user
    /// signed in again, its authorizations remain. Otherwise those of `former` are revoked as by `end`.
    ///
    /// Returns `.outdated` if `user` has changed since it was read (disabled, new password, signed out everywhere), or
    /// if `session` continues under the identifier of `former` and that has ended.
    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> SessionStart
    /// Returns the session with one of these secrets, unless it has expired or no use after `moment` was recorded.
    func find(_ secrets: [SecretDigest<Session>], at now: Date, usedAfter moment: Date) async throws -> Session?
    /// Returns the session with this identifier, unless it has ended or expired, or no use after `moment` was recorded.
    func find(_ id: Identifier<Session>, at now: Date, usedAfter moment: Date) async throws -> Session?
    /// Like `find(_:at:)`, but does not count as a use of the session.
    func peek(_ id: Identifier<Session>, at now: Date) async throws -> Session?
    /// Like `find(_:at:)`, but does not count as a use of the session.
    func peek(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session?
    /// Returns a user's unexpired sessions with a recorded use after `moment`, newest first.
    func sessions(of user: Identifier<User>, at now: Date, usedAfter moment: Date) async throws -> [Session]
    /// Returns at most `limit` unexpired sessions with a recorded use after `moment`, sorted by identifier, after `id`.
    func list(
        after id: Identifier<Session>?, at now: Date, usedAfter moment: Date, limit: Int
    ) async throws -> [Session]
    /// Returns at most `limit` sessions that rest on sign-ins at `upstream` with this subject and upstream session. At
    /// least one of the two is given. If both are, sessions of the subject match whose upstream session is unknown.
    func sessions(
        from upstream: Identifier<Upstream>, subject: String?, session: String?, limit: Int
    ) async throws -> [Session]
    /// Records a use at `now`, unless one after `moment` is recorded. Of concurrent calls, one writes.
    func touch(_ id: Identifier<Session>, at now: Date, unlessUsedAfter moment: Date) async throws
    /// Returns the clients that got a token in the session and registered a URI for logout, in order.
    func clients(of session: Identifier<Session>) async throws -> [Identifier<Client>]
    /// Ends the session, queues the notices for its clients, and revokes its authorizations, except those with
    /// `offline_access` (OpenID Connect Core §11), in one transaction. Returns `nil` if there was no such session. Only `SessionEnd` calls this and the methods
    /// below.
    @discardableResult
    func end(_ id: Identifier<Session>, at now: Date) async throws -> EndedSession?
    /// Ends a user's sign-ins in progress: one that has read the user before can't start a session anymore.
    func voidSignIns(of user: Identifier<User>) async throws
    /// Like `end(_:at:)`, for all of a user's sessions and sign-ins in progress. Increments `User.sessionGeneration` and
    /// deletes the user's access code, which could start another sign-in.
    @discardableResult
    func endAll(of user: Identifier<User>, at now: Date) async throws -> [EndedSession]
    /// Deletes the user with their sessions, consents, authorizations and credentials, in one transaction. Returns the
    /// ended sessions.
    @discardableResult
    func endAll(byDeleting user: Identifier<User>, at now: Date) async throws -> [EndedSession]
    /// Ends all sessions and authorizations, deletes trusted browsers and recovery codes, and replaces all data keys
    /// with `keys`, in one transaction. Returns the ended sessions.
    @discardableResult
    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession]
}

extension SessionStore {
    /// Returns the session with one of these secrets, unless it has expired.
    package func find(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session? {
        try await find(secrets, at: now, usedAfter: .distantPast)
    }

    /// Returns the session with this secret, unless it has expired.
    package func find(_ secret: SecretDigest<Session>, at now: Date) async throws -> Session? {
        try await find([secret], at: now, usedAfter: .distantPast)
    }

    /// Returns the session with this identifier, unless it has ended or expired.
    package func find(_ id: Identifier<Session>, at now: Date) async throws -> Session? {
        try await find(id, at: now, usedAfter: .distantPast)
    }

    package func peek(_ id: Identifier<Session>, at now: Date) async throws -> Session? { try await find(id, at: now) }

    package func peek(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session? {
        try await find(secrets, at: now)
    }

    /// Returns a user's unexpired sessions, newest first.
    package func sessions(of user: Identifier<User>, at now: Date) async throws -> [Session] {
        try await sessions(of: user, at: now, usedAfter: .distantPast)
    }

    /// Returns at most `limit` unexpired sessions, sorted by identifier, after `id`.
    package func list(after id: Identifier<Session>?, at now: Date, limit: Int) async throws -> [Session] {
        try await list(after: id, at: now, usedAfter: .distantPast, limit: limit)
    }
}
