import FoundationEssentials
import IdentityProvider

struct SQLUpkeep: StorageUpkeep {
    let table: SQLTable

    func version() async throws -> Int {
        let key = table.key
        // Asked four times a second: a span for each would bury the others.
        return try await table.database.query(.local, "SELECT version FROM changes WHERE issuer = ?", [key])
            .first?.integer(0) ?? 0
    }

    func check() async throws {
        // A table is read: a statement without one would be answered by a file that is gone or damaged, too.
        _ = try await version()
    }

    func removeExpired(before moment: Date, limit: Int) async throws -> Int {
        let values: [SQLValue] = [table.key, .date(moment), .integer(limit)]
        var removed = 0
        for kind in ExpiringTable.all {
            let find = kind.find(table.database.dialect)
            // By their keys: a deletion of a range would lock what lies between, where requests insert.
            removed += try await table.write("\(kind.name).remove_expired") { connection in
                let rows = try connection.query(find, values)
                return try rows.reduce(0) { count, row in
                    try count + connection.execute(kind.delete, [values[0]] + row.values + [values[1]])
                }
            }
        }
        return removed
    }
}

/// A table whose rows expire.
private struct ExpiringTable: Sendable {
    let name: String
    /// Deletes the row of an issuer with one key, unless its expiry has moved beyond the moment meanwhile.
    let delete: SQLStatement
    /// The keys of rows of an issuer that expired before a moment, the oldest first, up to a limit.
    let find: @Sendable (SQLDialect) -> SQLStatement

    static let all = [
        ExpiringTable(
            name: "sessions", delete: "DELETE FROM sessions WHERE issuer = ? AND id = ? AND expires_at <= ?",
            find: { dialect in
                """
                SELECT id FROM sessions \(dialect.hint("sessions_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }),
        ExpiringTable(
            name: "authorizations",
            delete: "DELETE FROM authorizations WHERE issuer = ? AND id = ? AND expires_at <= ?",
            find: { dialect in
                """
                SELECT id FROM authorizations \(dialect.hint("authorizations_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }),
        ExpiringTable(
            name: "spent",
            delete: "DELETE FROM spent WHERE issuer = ? AND purpose = ? AND value = ? AND expires_at <= ?",
            find: { dialect in
                """
                SELECT purpose, value FROM spent \(dialect.hint("spent_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }),
    ]
}
