import FoundationEssentials
import IdentityProvider

struct SQLAuthorizations: AuthorizationStore {
    let table: SQLTable

    func create(_ authorization: Authorization, interest: LogoutInterest?, at now: Date) async throws -> Bool {
        let grant = authorization.granted
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(authorization.id), .id(grant.client), .id(grant.user), .id(grant.session),
            .flag(grant.isOffline), try .document(grant), .integer(authorization.generation),
            .date(authorization.expiresAt),
        ]
        return try await table.retryingWithLatest("authorizations.begin", until: { $0 }) { freshness in
            do {
                return try await table.database.transaction(freshness) { connection in
                    try Self.insert(values, grant, interest, at: now, issuer, connection)
                }
            } catch is NotBegun { return false }
        }
    }

    private static func insert(
        _ values: [SQLValue], _ grant: Granted, _ interest: LogoutInterest?, at now: Date, _ issuer: SQLValue,
        _ connection: any SQLConnection
    ) throws -> Bool {
        var joined: Session?
        if let session = grant.session {
            // Updates the session's row first, as a sign-out does, so that the two serialize: the sign-out happens
            // before or after, never in between. A read would not be enough, because the nodes of a cluster share no
            // locks and detect only conflicting writes.
            let found = try connection.execute(
                "UPDATE sessions SET authorizations = authorizations + 1 WHERE issuer = ? AND id = ?",
                [issuer, .id(session)])
            guard found == 1, let session = try SQLSessions.find(session, issuer, connection),
                session.supports(grant, at: now)
            else { throw NotBegun() }
            joined = session
        }
        let isFirst = try connection.insertIfAbsent(
            """
            INSERT INTO authorizations (issuer, id, client_id, user_id, session_id, is_offline, granted, generation,
                expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, values)
        guard isFirst else { throw NotBegun() }
        if let joined, let interest {
            try SQLSessionClients.join(joined, grant.client, interest: interest, issuer, connection)
        }
        return true
    }

    func find(_ id: Identifier<Authorization>) async throws -> Authorization? {
        try await table.find("authorizations.find", Self.selection, [table.key, .id(id)])
            .map { try Self.authorization(id, $0) }
    }

    func rotate(
        _ stored: Authorization, from generation: Int, grace: TimeInterval, expiresAt: Date, at now: Date
    ) async throws -> Rotation {
        let values: [SQLValue] = [
            .date(now), .date(expiresAt), table.key, .id(stored.id), .integer(generation), .date(now),
        ]
        // A refresh that does not rotate commits nothing. A token counts as reused only after a check against the
        // latest state of all nodes.
        return try await table.retryingWithLatest("authorizations.rotate", until: \.isSettled) { freshness in
            let changed = try await table.database.execute(
                freshness,
                """
                UPDATE authorizations SET generation = generation + 1, rotated_at = ?, expires_at = ?
                WHERE issuer = ? AND id = ? AND generation = ? AND revoked_at IS NULL AND expires_at > ?
                """, values)
            if changed == 1 {
                // What was granted never changes, so the row is not read again.
                return .rotated(
                    Authorization(
                        id: stored.id, granted: stored.granted, generation: generation + 1, rotatedAt: now,
                        expiresAt: expiresAt))
            }
            let rows = try await table.database.query(freshness, Self.selection, [table.key, .id(stored.id)])
            guard let latest = try rows.first.map({ try Self.authorization(stored.id, $0) }) else { return .gone }
            return Self.rotation(latest, presented: generation, grace: grace, at: now)
        }
    }

    func keep(
        _ stored: Authorization, at generation: Int, expiresAt: Date, at now: Date
    ) async throws -> Rotation {
        let values: [SQLValue] = [
            .date(now), .date(expiresAt), table.key, .id(stored.id), .integer(generation), .date(now),
        ]
        return try await table.retryingWithLatest("authorizations.keep", until: \.isSettled) { freshness in
            let changed = try await table.database.execute(
                freshness,
                """
                UPDATE authorizations SET rotated_at = ?, expires_at = ?
                WHERE issuer = ? AND id = ? AND generation = ? AND revoked_at IS NULL AND expires_at > ?
                """, values)
            guard changed == 1 else { return .gone }
            return .rotated(
                Authorization(
                    id: stored.id, granted: stored.granted, generation: generation, rotatedAt: now,
                    expiresAt: expiresAt))
        }
    }

    func revoke(_ id: Identifier<Authorization>, at now: Date) async throws {
        try await table.execute(
            "authorizations.revoke", Self.revocation, [.date(now), table.key, .id(id)], seeing: .latest)
    }

    func revoke(session: Identifier<Session>, at now: Date) async throws {
        try await table.execute(
            "authorizations.revoke_session",
            "UPDATE authorizations SET revoked_at = ? WHERE issuer = ? AND session_id = ? AND revoked_at IS NULL",
            [.date(now), table.key, .id(session)], seeing: .latest)
    }

    func revoke(user: Identifier<User>, at now: Date) async throws {
        try await table.execute(
            "authorizations.revoke_user",
            "UPDATE authorizations SET revoked_at = ? WHERE issuer = ? AND user_id = ? AND revoked_at IS NULL",
            [.date(now), table.key, .id(user)], seeing: .latest)
    }

    func revoke(user: Identifier<User>, client: Identifier<Client>, at now: Date) async throws {
        try await table.execute(
            "authorizations.revoke_all",
            """
            UPDATE authorizations SET revoked_at = ?
            WHERE issuer = ? AND user_id = ? AND client_id = ? AND revoked_at IS NULL
            """, [.date(now), table.key, .id(user), .id(client)], seeing: .latest)
    }

    func revoke(client: Identifier<Client>, at now: Date) async throws -> Int {
        let find: SQLStatement = """
            SELECT id FROM authorizations \(table.database.dialect.hint("authorizations_by_client"))
            WHERE issuer = ? AND client_id = ? AND id > ? AND revoked_at IS NULL ORDER BY id LIMIT 500
            """
        let issuer = table.key
        var (last, count): (SQLValue?, Int) = (.text(""), 0)
        // A client may have an authorization for every user. Batches keep each unit of work short, so that requests
        // don't wait for it.
        while let previous = last {
            let (ids, revoked) = try await table.write("authorizations.revoke_client", seeing: .latest) { connection in
                let ids = try connection.query(find, [issuer, .id(client), previous]).map { $0.values[0] }
                let revoked = try ids.reduce(0) { count, id in
                    try count + connection.execute(Self.revocation, [.date(now), issuer, id])
                }
                return (ids, revoked)
            }
            (last, count) = (ids.last, count + revoked)
        }
        return count
    }

    /// Classifies a token of generation `presented` that did not rotate.
    private static func rotation(
        _ stored: Authorization, presented: Int, grace: TimeInterval, at now: Date
    ) -> Rotation {
        guard stored.revokedAt == nil, stored.expiresAt > now else { return .gone }
        // Without a grace period, neither equal times nor clock skew may create one.
        if grace > 0, presented == stored.generation - 1, let rotatedAt = stored.rotatedAt,
            now.timeIntervalSince(rotatedAt) <= grace
        {
            return .repeated(stored)
        }
        return .reused
    }

    private static let revocation: SQLStatement =
        "UPDATE authorizations SET revoked_at = ? WHERE issuer = ? AND id = ? AND revoked_at IS NULL"

    private static let selection: SQLStatement = """
        SELECT granted, generation, rotated_at, revoked_at, expires_at FROM authorizations WHERE issuer = ? AND id = ?
        """

    private static func authorization(_ id: Identifier<Authorization>, _ row: SQLRow) throws -> Authorization {
        Authorization(
            id: id, granted: try row.document(Granted.self, 0), generation: try row.integer(1),
            rotatedAt: try row.optionalDate(2), revokedAt: try row.optionalDate(3), expiresAt: try row.date(4))
    }
}

/// Thrown to roll back when the code has already been redeemed or the session has ended.
private struct NotBegun: Error {}

extension Rotation {
    /// Whether newer state on another node could not change the result.
    fileprivate var isSettled: Bool {
        switch self {
        case .rotated, .repeated: true
        case .reused, .gone: false
        }
    }
}
