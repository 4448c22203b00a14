package import FoundationEssentials

/// A session that a transaction ended.
package struct EndedSession: Sendable, Hashable {
    package let id: Identifier<Session>
    package let user: Identifier<User>

    package init(id: Identifier<Session>, user: Identifier<User>) {
        self.id = id
        self.user = user
    }
}

/// What came of starting a session.
package enum SessionStart: Sendable, Hashable {
    /// `ending` is the session that the new one replaced, unless it continues under the same identifier.
    case started(ending: EndedSession?)
    /// The user or the former session has changed since the sign-in read it. Nothing was stored.
    case outdated
}

package protocol SessionStore: Sendable {
    /// Keeps `session`, where the sign-in came from, and ends `former`, in one transaction: a sign-in never leaves the old
    /// session usable (session fixation). When `session` goes on under the identifier of `former`, because the same person signed in
    /// again, their authorizations stay; otherwise those of `former` are revoked as by `end`.
    ///
    /// Returns `.outdated` when `user` has changed since it was read (disabled, new password, signed out everywhere), or when
    /// `session` continues under the identifier of `former` and that has ended.
    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> SessionStart
    /// The session with one of these secrets, unless it expired or no use after `moment` was noted.
    func find(_ secrets: [SecretDigest<Session>], at now: Date, usedAfter moment: Date) async throws -> Session?
    /// The session of this identifier, unless it ended or expired, or no use after `moment` was noted.
    func find(_ id: Identifier<Session>, at now: Date, usedAfter moment: Date) async throws -> Session?
    /// As `find(_:at:)`, but doesn't count as a use of the session.
    func peek(_ id: Identifier<Session>, at now: Date) async throws -> Session?
    /// Those of one person that have not expired and of which a use after `moment` was noted, the latest first.
    func sessions(of user: Identifier<User>, at now: Date, usedAfter moment: Date) async throws -> [Session]
    /// Notes that the session is used now, unless a use after `moment` was noted: of many calls at once one writes.
    func touch(_ id: Identifier<Session>, at now: Date, unlessUsedAfter moment: Date) async throws
    /// Ends the session and revokes its authorizations, but for those with `offline_access`
    /// (OpenID Connect Core §11), in one transaction. Returns `nil` if there was no such session. Only `SessionEnd` calls
    /// this and what follows.
    @discardableResult
    func end(_ id: Identifier<Session>, at now: Date) async throws -> EndedSession?
    /// Ends all of a user's sessions as above, and the sign-ins in flight: it raises `User.sessionGeneration`.
    @discardableResult
    func endAll(of user: Identifier<User>, at now: Date) async throws -> [EndedSession]
    /// Removes the user with their sessions, consents, authorizations and credentials, in one transaction. Returns the
    /// sessions.
    @discardableResult
    func endAll(byDeleting user: Identifier<User>) async throws -> [EndedSession]
    /// Ends all sessions, authorizations, remembered browsers and recovery codes, and replaces all data keys by `keys`, in
    /// one transaction. Returns the sessions.
    @discardableResult
    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession]
}

extension SessionStore {
    /// The session with one of these secrets, unless it expired.
    package func find(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session? {
        try await find(secrets, at: now, usedAfter: .distantPast)
    }

    /// The session with this secret, unless it expired.
    package func find(_ secret: SecretDigest<Session>, at now: Date) async throws -> Session? {
        try await find([secret], at: now, usedAfter: .distantPast)
    }

    /// The session of this identifier, unless it ended or expired.
    package func find(_ id: Identifier<Session>, at now: Date) async throws -> Session? {
        try await find(id, at: now, usedAfter: .distantPast)
    }

    package func peek(_ id: Identifier<Session>, at now: Date) async throws -> Session? { try await find(id, at: now) }

    /// Those of one person that have not expired, the latest first.
    package func sessions(of user: Identifier<User>, at now: Date) async throws -> [Session] {
        try await sessions(of: user, at: now, usedAfter: .distantPast)
    }
}
