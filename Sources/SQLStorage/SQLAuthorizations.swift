import FoundationEssentials
import IdentityProvider

struct SQLAuthorizations: AuthorizationStore {
    let table: SQLTable

    func begin(_ authorization: Authorization) async throws -> Bool {
        let grant = authorization.grant
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(authorization.id), .id(grant.client), .id(grant.user), .id(grant.session),
            .flag(grant.isOffline), try .document(grant), .integer(authorization.generation),
            .date(authorization.expiresAt),
        ]
        return try await table.settle("authorizations.begin", until: { $0 }) { freshness in
            do {
                return try await table.database.transaction(freshness) { connection in
                    try Self.begin(values, in: grant.session, issuer, connection)
                }
            } catch is SessionEnded { return false }
        }
    }

    private static func begin(
        _ values: [SQLValue], in session: Identifier<Session>?, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Bool {
        let isFirst = try connection.insertIfAbsent(
            """
            INSERT INTO authorizations (issuer, id, client_id, user_id, session_id, is_offline, granted, generation,
                expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, values)
        guard isFirst, let session else { return isFirst }
        // The session's row is changed, not only looked at: so a sign-out comes before or after, never between, on
        // another node of a cluster, too, which sees no locks but compares what was changed.
        let found = try connection.execute(
            "UPDATE sessions SET authorizations = authorizations + 1 WHERE issuer = ? AND id = ?",
            [issuer, .id(session)])
        guard found == 1 else { throw SessionEnded() }
        return true
    }

    func find(_ id: Identifier<Authorization>) async throws -> Authorization? {
        let key = table.key
        return try await table.find("authorizations.find") { connection in try Self.find(id, key, connection) }
    }

    func rotate(
        _ id: Identifier<Authorization>, from generation: Int, grace: TimeInterval, expiresAt: Date, at now: Date
    ) async throws -> Rotation {
        let issuer = table.key
        // What does not rotate commits nothing. Before a token is called reused, all nodes were heard.
        return try await table.settle("authorizations.rotate", until: \.isSettled) { freshness in
            try await table.database.transaction(freshness) { connection in
                let changed = try connection.execute(
                    """
                    UPDATE authorizations SET generation = generation + 1, rotated_at = ?, expires_at = ?
                    WHERE issuer = ? AND id = ? AND generation = ? AND revoked_at IS NULL AND expires_at > ?
                    """,
                    [.date(now), .date(expiresAt), issuer, .id(id), .integer(generation), .date(now)])
                guard let stored = try Self.find(id, issuer, connection) else { return .gone }
                if changed == 1 { return .rotated(stored) }
                return Self.settle(stored, presented: generation, grace: grace, at: now)
            }
        }
    }

    func revoke(_ id: Identifier<Authorization>, at now: Date) async throws {
        let values: [SQLValue] = [.date(now), table.key, .id(id)]
        try await table.write("authorizations.revoke", .latest) { connection in
            try connection.execute(
                "UPDATE authorizations SET revoked_at = ? WHERE issuer = ? AND id = ? AND revoked_at IS NULL", values)
        }
    }

    func revoke(user: Identifier<User>, client: Identifier<Client>, at now: Date) async throws {
        let values: [SQLValue] = [.date(now), table.key, .id(user), .id(client)]
        try await table.write("authorizations.revoke_all", .latest) { connection in
            try connection.execute(
                """
                UPDATE authorizations SET revoked_at = ?
                WHERE issuer = ? AND user_id = ? AND client_id = ? AND revoked_at IS NULL
                """, values)
        }
    }

    /// What a token of generation `presented` is, when it did not rotate.
    private static func settle(
        _ stored: Authorization, presented: Int, grace: TimeInterval, at now: Date
    ) -> Rotation {
        guard stored.revokedAt == nil, stored.expiresAt > now else { return .gone }
        if presented == stored.generation - 1, let rotatedAt = stored.rotatedAt,
            now.timeIntervalSince(rotatedAt) <= grace
        {
            return .repeated(stored)
        }
        return .reused
    }

    private static func find(
        _ id: Identifier<Authorization>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Authorization? {
        try connection.query(
            """
            SELECT granted, generation, rotated_at, revoked_at, expires_at FROM authorizations
            WHERE issuer = ? AND id = ?
            """, [issuer, .id(id)]
        ).first.map { row in
            Authorization(
                id: id, grant: try row.document(Granted.self, 0), generation: try row.integer(1),
                rotatedAt: try row.optionalDate(2), revokedAt: try row.optionalDate(3), expiresAt: try row.date(4))
        }
    }
}

/// The session that an authorization belongs to is not there any more: nothing is kept.
private struct SessionEnded: Error {}

extension Rotation {
    /// Whether no other node can know better.
    fileprivate var isSettled: Bool {
        switch self {
        case .rotated, .repeated: true
        case .reused, .gone: false
        }
    }
}
