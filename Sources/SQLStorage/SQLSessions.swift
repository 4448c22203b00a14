import FoundationEssentials
import IdentityProvider

struct SQLSessions: SessionStore {
    let table: SQLTable

    func begin(_ session: Session, replacing former: Identifier<Session>?) async throws {
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(session.id), .blob(session.secret.bytes), .id(session.user), .date(session.authenticatedAt),
            .json(session.amr), .text(session.acr), .date(session.expiresAt),
        ]
        try await table.write("sessions.begin") { connection in
            if let former {
                if former != session.id {
                    try Self.revokeAuthorizations(of: former, issuer, at: session.authenticatedAt, connection)
                }
                try connection.execute("DELETE FROM sessions WHERE issuer = ? AND id = ?", [issuer, .id(former)])
            }
            try connection.execute(
                """
                INSERT INTO sessions (issuer, id, secret_digest, user_id, authenticated_at, amr, acr, expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """, values)
        }
    }

    func find(_ secret: SecretDigest<Session>, at now: Date) async throws -> Session? {
        try await table.find(
            "sessions.find",
            """
            SELECT id, secret_digest, user_id, authenticated_at, amr, acr, expires_at FROM sessions
            WHERE issuer = ? AND secret_digest = ? AND expires_at > ?
            """, [table.key, .blob(secret.bytes), .date(now)]
        ).map { row in
            Session(
                id: try row.id(0), secret: SecretDigest(bytes: try row.blob(1)), user: try row.id(2),
                authenticatedAt: try row.date(3), amr: try row.texts(4), acr: try row.text(5),
                expiresAt: try row.date(6))
        }
    }

    func end(_ id: Identifier<Session>, at now: Date) async throws {
        let issuer = table.key
        try await table.write("sessions.end", seeing: .latest) { connection in
            try Self.revokeAuthorizations(of: id, issuer, at: now, connection)
            try connection.execute("DELETE FROM sessions WHERE issuer = ? AND id = ?", [issuer, .id(id)])
        }
    }

    func endAll(of user: Identifier<User>, at now: Date) async throws {
        let issuer = table.key
        try await table.write("sessions.end_all", seeing: .latest) { connection in
            try connection.execute(
                """
                UPDATE authorizations SET revoked_at = ?
                WHERE issuer = ? AND user_id = ? AND is_offline = 0 AND revoked_at IS NULL
                """, [.date(now), issuer, .id(user)])
            try connection.execute("DELETE FROM sessions WHERE issuer = ? AND user_id = ?", [issuer, .id(user)])
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
}
