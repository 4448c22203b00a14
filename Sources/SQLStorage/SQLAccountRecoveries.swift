import FoundationEssentials
import IdentityProvider

struct SQLAccountRecoveries: AccountRecoveryStore {
    let table: SQLTable

    func find(_ user: Identifier<User>) async throws -> AccountRecovery? {
        try await table.find(
            "account_recoveries.find",
            """
            SELECT id, disputed_from, started_at, ready_at, expires_at FROM account_recoveries
            WHERE issuer = ? AND user_id = ?
            """, [table.key, .id(user)]
        ).map { row in
            AccountRecovery(
                id: try row.id(0), user: user, disputedFrom: try row.date(1), startedAt: try row.date(2),
                readyAt: try row.date(3), expiresAt: try row.date(4))
        }
    }

    func start(_ recovery: AccountRecovery, at now: Date) async throws -> Bool {
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(recovery.user), .id(recovery.id), .date(recovery.disputedFrom), .date(recovery.startedAt),
            .date(recovery.readyAt), .date(recovery.expiresAt),
        ]
        return try await table.write("account_recoveries.begin", seeing: .latest) { connection in
            try connection.execute(
                "DELETE FROM account_recoveries WHERE issuer = ? AND user_id = ? AND expires_at <= ?",
                [issuer, .id(recovery.user), .date(now)])
            return try connection.insertIfAbsent(
                """
                INSERT INTO account_recoveries (issuer, user_id, id, disputed_from, started_at, ready_at, expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """, values)
        }
    }

    func end(_ recovery: AccountRecovery) async throws -> Bool {
        let values: [SQLValue] = [table.key, .id(recovery.user), .id(recovery.id)]
        return try await table.retryingWithLatest("account_recoveries.end", until: \.self) { freshness in
            try await table.database.execute(
                freshness, "DELETE FROM account_recoveries WHERE issuer = ? AND user_id = ? AND id = ?", values) == 1
        }
    }
}
