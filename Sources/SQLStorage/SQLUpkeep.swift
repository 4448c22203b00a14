import FoundationEssentials
import IdentityProvider

struct SQLUpkeep: StorageUpkeep {
    let table: SQLTable

    func version() async throws -> Int {
        let key = table.key
        // No span: this runs four times a second, and its spans would bury the others.
        return try await table.database.query(.local, "SELECT version FROM changes WHERE issuer = ?", [key])
            .first?.integer(0) ?? 0
    }

    func check() async throws {
        // Reads a table, because a statement without one succeeds even if the file is gone or damaged.
        _ = try await version()
    }

    func removeExpired(before moment: Date, limit: Int) async throws -> Int {
        let key = table.key
        // Separate, because some clients are told.
        var removed = try await SQLSessions(table: table).removeExpired(before: moment, limit: limit)
        for kind in ExpiringTable.all {
            let (find, bound) = (kind.find(table.database.dialect), kind.bound(moment))
            // Deletes by key: deleting a range would lock the gaps into which requests insert.
            removed += try await table.write("\(kind.name).remove_expired") { connection in
                try connection.query(find, [key, bound, .integer(limit)]).reduce(0) { count, row in
                    try count + connection.execute(kind.delete, [key] + row.values + [bound])
                }
            }
        }
        return removed
    }
}

/// A table whose rows expire.
private struct ExpiringTable: Sendable {
    let name: String
    /// Converts a time to the bound on the indexed column for rows that have expired by then.
    let bound: @Sendable (Date) -> SQLValue
    /// Selects the keys of an issuer's rows within the bound, oldest first, up to a limit.
    let find: @Sendable (SQLDialect) -> SQLStatement
    /// Deletes one of an issuer's rows by key, unless it has since left the bound.
    let delete: SQLStatement

    /// `key` lists the columns of the primary key after the issuer. A row has expired if `column` is `comparison` the
    /// bound.
    private init(
        _ name: SQLStatement, key: [SQLStatement], column: SQLStatement = "expires_at",
        index: SQLStatement = "by_expiry", _ comparison: SQLStatement = "<=",
        bound: @escaping @Sendable (Date) -> SQLValue = { .date($0) }
    ) {
        self.name = name.text
        self.bound = bound
        let columns = key.joined()
        let match = key.map { "\($0) = ?" as SQLStatement }.joined(by: " AND ")
        find = { dialect in
            """
            SELECT \(columns) FROM \(name) \(dialect.hint("\(name)_\(index)"))
            WHERE issuer = ? AND \(column) \(comparison) ? ORDER BY \(column) LIMIT ?
            """
        }
        delete = "DELETE FROM \(name) WHERE issuer = ? AND \(match) AND \(column) \(comparison) ?"
    }

    static let all = [
        // Only hours that are over: an authorization may remain for up to an hour after it expires.
        ExpiringTable(
            "authorizations", key: ["id"], column: "expiry_hour", index: "by_expiry_hour", "<",
            bound: { .integer(Int(($0.timeIntervalSince1970 / 3_600).rounded(.down))) }),
        ExpiringTable("pushed_requests", key: ["id"]),
        ExpiringTable("device_authorizations", key: ["id"]),
        ExpiringTable("devices", key: ["id"]),
        ExpiringTable("networks", key: ["user_id", "network"]),
        ExpiringTable("account_recoveries", key: ["user_id"]),
        // Only access codes: recovery codes don't expire.
        ExpiringTable("recovery_codes", key: ["user_id", "digest"]),
        ExpiringTable("attempts", key: ["name"]),
        ExpiringTable("spent", key: ["purpose", "value"]),
        ExpiringTable("mail_outbox", key: ["id"]),
        ExpiringTable("webhook_deliveries", key: ["id"]),
        ExpiringTable("session_clients", key: ["session_id", "client_id"]),
        ExpiringTable("logout_notices", key: ["id"]),
        ExpiringTable("security_events", key: ["id"]),
    ]
}
