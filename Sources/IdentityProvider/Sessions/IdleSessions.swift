package import FoundationEssentials

/// A session store that ends idle sessions. A use is a page view, a check by a proxy, or a refresh with a token bound
/// to the session, on any node.
struct IdleSessions: SessionStore {
    let base: any SessionStore
    /// Ends sessions in the same storage.
    let sessionEnd: SessionEnd
    /// How long a session may be unused, in seconds.
    let limit: TimeInterval

    /// The share of `limit` during which further uses are not recorded. This caps writes at ten per `limit`, however
    /// busy the session, but a session may end up to a tenth early.
    private static let share = 0.1

    func find(_ secrets: [SecretDigest<Session>], at now: Date, usedAfter moment: Date) async throws -> Session? {
        try await live(at: now) { try await base.find(secrets, at: now, usedAfter: max(moment, $0)) }
    }

    func find(_ id: Identifier<Session>, at now: Date, usedAfter moment: Date) async throws -> Session? {
        try await live(at: now) { try await base.find(id, at: now, usedAfter: max(moment, $0)) }
    }

    func peek(_ id: Identifier<Session>, at now: Date) async throws -> Session? {
        try await base.find(id, at: now, usedAfter: now.addingTimeInterval(-limit))
    }

    func peek(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session? {
        try await base.find(secrets, at: now, usedAfter: now.addingTimeInterval(-limit))
    }

    func sessions(of user: Identifier<User>, at now: Date, usedAfter moment: Date) async throws -> [Session] {
        try await base.sessions(of: user, at: now, usedAfter: max(moment, now.addingTimeInterval(-limit)))
    }

    func list(
        after id: Identifier<Session>?, at now: Date, usedAfter moment: Date, limit count: Int
    ) async throws -> [Session] {
        let start = max(moment, now.addingTimeInterval(-limit))
        return try await base.list(after: id, at: now, usedAfter: start, limit: count)
    }

    func sessions(
        from upstream: Identifier<Upstream>, subject: String?, session: String?, limit count: Int
    ) async throws -> [Session] {
        try await base.sessions(from: upstream, subject: subject, session: session, limit: count)
    }

    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> SessionStart {
        try await base.start(session, of: user, from: origin, replacing: former)
    }

    func clients(of session: Identifier<Session>) async throws -> [Identifier<Client>] {
        try await base.clients(of: session)
    }

    func touch(_ id: Identifier<Session>, at now: Date, unlessUsedAfter moment: Date) async throws {
        try await base.touch(id, at: now, unlessUsedAfter: moment)
    }

    func end(_ id: Identifier<Session>, at now: Date) async throws -> EndedSession? { try await base.end(id, at: now) }

    func voidSignIns(of user: Identifier<User>) async throws { try await base.voidSignIns(of: user) }

    func endAll(of user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        try await base.endAll(of: user, at: now)
    }

    func endAll(byDeleting user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        try await base.endAll(byDeleting: user, at: now)
    }

    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession] {
        try await base.endEverything(replacing: keys, at: now)
    }

    /// Returns the session that `find` returns, and records the use. An idle session ends here, with everything granted
    /// in it, so a longer limit does not bring it back.
    private func live(at now: Date, find: (_ usedAfter: Date) async throws -> Session?) async throws -> Session? {
        let start = now.addingTimeInterval(-limit)
        guard let found = try await find(.distantPast) else { return nil }
        // Another node may have recorded a later use.
        guard let session = found.lastUsedAt > start ? found : try await find(start) else {
            try await sessionEnd.end(found.id, because: .idle)
            return nil
        }
        let due = now.addingTimeInterval(-limit * Self.share)
        if session.lastUsedAt <= due { try await base.touch(session.id, at: now, unlessUsedAfter: due) }
        return session
    }
}

extension Stores {
    /// Returns these stores with sessions that end after `limit` seconds without use; `nil` changes nothing.
    package func endingSessions(
        unusedFor limit: TimeInterval?, audit: AuditLog?, now: @escaping @Sendable () -> Date
    ) -> Stores {
        guard let limit else { return self }
        var stores = self
        stores.sessions = IdleSessions(
            base: sessions, sessionEnd: SessionEnd(self, audit: audit, now: now), limit: limit)
        return stores
    }
}
