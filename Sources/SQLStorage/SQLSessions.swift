import FoundationEssentials
import IdentityProvider

struct SQLSessions: SessionStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        id, secret_digest, user_id, authenticated_at, amr, acr, expires_at, device_id, user_agent, address,
            trusts_device, last_used_at, upstream_id, upstream_subject, upstream_session, sealed_id_token,
            proves_time
        """

    /// Older versions don't record the last use. The sign-in time stands in for it.
    private static let lastUse: SQLStatement = "COALESCE(last_used_at, authenticated_at)"

    func start(
        _ session: Session, of user: User, from origin: SignInOrigin, replacing former: Identifier<Session>?
    ) async throws -> SessionStart {
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(session.id), .blob(session.secret.bytes), .id(session.user), .date(session.authenticatedAt),
            .json(session.amr), .text(session.acr), .date(session.expiresAt), .id(session.device),
            .text(session.userAgent), .text(session.address), .flag(session.trustsDevice),
            .date(session.lastUsedAt), .id(session.upstream?.upstream), .text(session.upstream?.subject),
            .text(session.upstream?.session), (session.upstream?.sealedIDToken).map(SQLValue.blob) ?? .null,
            .flag(session.provesTime),
        ]
        return try await table.retryingWithLatest("sessions.begin", until: { $0 != .outdated }) { freshness in
            do {
                return try await table.database.transaction(freshness) { connection in
                    // Done first, as in `endAll`, so that the two serialize: all sessions end before or after this,
                    // never in between.
                    guard try SQLUsers.relies(on: user, issuer, connection) else { throw Outdated() }
                    let ended = try former.flatMap { try Self.replace($0, by: session, issuer, connection) }
                    try connection.execute(
                        """
                        INSERT INTO sessions (issuer, \(Self.columns))
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """, values)
                    try SQLDevices.save(origin, issuer, connection)
                    return .started(ending: ended)
                }
            } catch is Outdated { return .outdated }
        }
    }

    /// Deletes the former session and returns it. Returns `nil` if it had already ended or continues as `session`.
    /// Throws `Outdated` if it should continue but has ended.
    private static func replace(
        _ former: Identifier<Session>, by session: Session, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> EndedSession? {
        guard former != session.id else {
            guard try delete(former, issuer, connection) != nil else { throw Outdated() }
            try SQLSessionClients.keep(session, issuer, connection)
            return nil
        }
        let ended = try end(former, issuer, at: session.lastUsedAt, connection)
        try revokeAuthorizations(of: former, issuer, at: session.authenticatedAt, connection)
        return ended
    }

    func find(_ secrets: [SecretDigest<Session>], at now: Date, usedAfter moment: Date) async throws -> Session? {
        let marks = secrets.map { _ in "?" as SQLStatement }.joined()
        return try await table.find(
            "sessions.find",
            """
            SELECT \(Self.columns) FROM sessions
            WHERE issuer = ? AND secret_digest IN (\(marks)) AND expires_at > ? AND \(Self.lastUse) > ?
            """, [table.key] + secrets.map { .blob($0.bytes) } + [.date(now), .date(moment)]
        ).map(Self.session)
    }

    func sessions(of user: Identifier<User>, at now: Date, usedAfter moment: Date) async throws -> [Session] {
        try await table.query(
            "sessions.of_user",
            """
            SELECT \(Self.columns) FROM sessions
            WHERE issuer = ? AND user_id = ? AND expires_at > ? AND \(Self.lastUse) > ?
            ORDER BY authenticated_at DESC, id
            """, [table.key, .id(user), .date(now), .date(moment)]
        ).map(Self.session)
    }

    func list(
        after id: Identifier<Session>?, at now: Date, usedAfter moment: Date, limit: Int
    ) async throws -> [Session] {
        try await table.query(
            "sessions.list",
            """
            SELECT \(Self.columns) FROM sessions
            WHERE issuer = ? AND id > ? AND expires_at > ? AND \(Self.lastUse) > ?
            ORDER BY id LIMIT ?
            """, [table.key, .text(id?.rawValue ?? ""), .date(now), .date(moment), .integer(limit)]
        ).map(Self.session)
    }

    func find(_ id: Identifier<Session>, at now: Date, usedAfter moment: Date) async throws -> Session? {
        try await table.find(
            "sessions.find_by_id",
            """
            SELECT \(Self.columns) FROM sessions
            WHERE issuer = ? AND id = ? AND expires_at > ? AND \(Self.lastUse) > ?
            """, [table.key, .id(id), .date(now), .date(moment)]
        ).map(Self.session)
    }

    func sessions(
        from upstream: Identifier<Upstream>, subject: String?, session: String?, limit: Int
    ) async throws -> [Session] {
        let (condition, values): (SQLStatement, [String])
        switch (subject, session) {
        case (let subject?, let session?):
            condition = "upstream_subject = ? AND (upstream_session = ? OR upstream_session IS NULL)"
            values = [subject, session]
        case (let subject?, nil): (condition, values) = ("upstream_subject = ?", [subject])
        case (nil, let session?): (condition, values) = ("upstream_session = ?", [session])
        case (nil, nil): return []
        }
        return try await table.query(
            "sessions.from_upstream",
            "SELECT \(Self.columns) FROM sessions WHERE issuer = ? AND upstream_id = ? AND \(condition) LIMIT ?",
            [table.key, .id(upstream)] + values.map { .text($0) } + [.integer(limit)], seeing: .latest
        ).map(Self.session)
    }

    /// Finds a session within a unit of work, even if it has expired.
    static func find(
        _ id: Identifier<Session>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Session? {
        try connection.query("SELECT \(columns) FROM sessions WHERE issuer = ? AND id = ?", [issuer, .id(id)])
            .first.map(session)
    }

    func touch(_ id: Identifier<Session>, at now: Date, unlessUsedAfter moment: Date) async throws {
        try await table.execute(
            "sessions.touch",
            "UPDATE sessions SET last_used_at = ? WHERE issuer = ? AND id = ? AND \(Self.lastUse) <= ?",
            [.date(now), table.key, .id(id), .date(moment)])
    }

    func end(_ id: Identifier<Session>, at now: Date) async throws -> EndedSession? {
        let issuer = table.key
        return try await table.write("sessions.end", seeing: .latest) { connection in
            // Deleted first so that no authorization can be created in it afterward.
            let ended = try Self.end(id, issuer, at: now, connection)
            try Self.revokeAuthorizations(of: id, issuer, at: now, connection)
            return ended
        }
    }

    func endAll(byDeleting user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        try await SQLUsers(table: table).delete(user, at: now)
    }

    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession] {
        try await SQLDataKeys(table: table).endEverything(replacing: keys, at: now)
    }

    func endAll(of user: Identifier<User>, at now: Date) async throws -> [EndedSession] {
        let issuer = table.key
        return try await table.write("sessions.end_all", seeing: .latest) { connection in
            let ended = try Self.endAll(of: user, issuer, at: now, connection)
            try SQLRecoveryCodes.deleteAccessCode(of: user, issuer, connection)
            try connection.execute(
                """
                UPDATE authorizations SET revoked_at = ?
                WHERE issuer = ? AND user_id = ? AND is_offline = 0 AND revoked_at IS NULL
                """, [.date(now), issuer, .id(user)])
            return ended
        }
    }

    func voidSignIns(of user: Identifier<User>) async throws {
        let issuer = table.key
        try await table.write("sessions.void_sign_ins", seeing: .latest) { connection in
            try Self.voidSignIns(of: user, issuer, connection)
        }
    }

    /// Increments the user's session generation.
    private static func voidSignIns(
        of user: Identifier<User>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            "UPDATE users SET session_generation = session_generation + 1 WHERE issuer = ? AND id = ?",
            [issuer, .id(user)])
    }

    private static func delete(
        _ id: Identifier<Session>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> SQLRow? {
        try connection.query(
            "DELETE FROM sessions WHERE issuer = ? AND id = ? RETURNING id, user_id", [issuer, .id(id)]
        ).first
    }

    private static func end(
        _ id: Identifier<Session>, _ issuer: SQLValue, at now: Date, _ connection: any SQLConnection
    ) throws -> EndedSession? {
        try delete(id, issuer, connection).map { try ended($0, issuer, at: now, connection) }
    }

    /// Ends all sessions of a user. Must be the first step of its unit of work.
    static func endAll(
        of user: Identifier<User>, _ issuer: SQLValue, at now: Date, _ connection: any SQLConnection
    ) throws -> [EndedSession] {
        // Done first so that a sign-in that has read the old row can't start a session afterward.
        try voidSignIns(of: user, issuer, connection)
        return try connection.query(
            "DELETE FROM sessions WHERE issuer = ? AND user_id = ? RETURNING id, user_id", [issuer, .id(user)]
        ).map { try ended($0, issuer, at: now, connection) }
    }

    /// Queues the notices for the clients of a session that a statement with `RETURNING id, user_id` deleted.
    static func ended(
        _ row: SQLRow, _ issuer: SQLValue, at now: Date, _ connection: any SQLConnection
    ) throws -> EndedSession {
        let (id, user): (Identifier<Session>, Identifier<User>) = (try row.id(0), try row.id(1))
        let clients = try SQLSessionClients.leave(id, of: user, at: now, issuer, connection)
        return EndedSession(id: id, user: user, clients: clients)
    }

    func clients(of session: Identifier<Session>) async throws -> [Identifier<Client>] {
        try await table.query(
            "session_clients.of_session", SQLSessionClients.selection, [table.key, .id(session)]
        ).map { try SQLSessionClients.client($0).id }
    }

    /// Removes at most `limit` sessions that expired before `moment`, and returns how many.
    func removeExpired(before moment: Date, limit: Int) async throws -> Int {
        let issuer = table.key
        let hint = table.database.dialect.hint("sessions_by_expiry")
        // Deletes by key: deleting a range would lock the gaps into which requests insert.
        return try await table.write("sessions.remove_expired") { connection in
            let expired = try connection.query(
                """
                SELECT id, user_id FROM sessions \(hint) WHERE issuer = ? AND expires_at <= ?
                ORDER BY expires_at LIMIT ?
                """, [issuer, .date(moment), .integer(limit)])
            return try expired.reduce(0) { count, row in
                let id: Identifier<Session> = try row.id(0)
                // Another node may have removed it, or its user may have signed in again.
                let removed = try connection.execute(
                    "DELETE FROM sessions WHERE issuer = ? AND id = ? AND expires_at <= ?",
                    [issuer, .id(id), .date(moment)])
                guard removed == 1 else { return count }
                _ = try SQLSessionClients.leave(
                    id, of: row.id(1), at: moment, isExpiry: true, issuer, connection)
                return count + 1
            }
        }
    }

    private static func revokeAuthorizations(
        of session: Identifier<Session>, _ issuer: SQLValue, at now: Date, _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            UPDATE authorizations SET revoked_at = ?
            WHERE issuer = ? AND session_id = ? AND is_offline = 0 AND revoked_at IS NULL
            """, [.date(now), issuer, .id(session)])
    }

    private static func session(_ row: SQLRow) throws -> Session {
        Session(
            id: try row.id(0), secret: SecretDigest(bytes: try row.blob(1)), user: try row.id(2),
            authenticatedAt: try row.date(3), amr: try row.texts(4), acr: try row.text(5), expiresAt: try row.date(6),
            lastUsedAt: try row.optionalDate(11), provesTime: try row.flag(16),
            device: try row.optionalText(7).map(Identifier.init(rawValue:)), userAgent: try row.text(8),
            address: try row.text(9), trustsDevice: try row.flag(10), upstream: try upstream(row))
    }

    private static func upstream(_ row: SQLRow) throws -> UpstreamSession? {
        guard let upstream = try row.optionalText(12), let subject = try row.optionalText(13) else { return nil }
        return UpstreamSession(
            upstream: Identifier(rawValue: upstream), subject: subject, session: try row.optionalText(14),
            sealedIDToken: try row.optionalBlob(15))
    }
}

/// Thrown to roll back when the user or the former session has changed since the sign-in read it.
private struct Outdated: Error {}
