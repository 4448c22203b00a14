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
        let key = table.key
        var removed = 0
        for kind in ExpiringTable.all {
            let (find, bound) = (kind.find(table.database.dialect), kind.bound(moment))
            // By their keys: a deletion of a range would lock what lies between, where requests insert.
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
    /// What the index says of rows that expired before a moment.
    let bound: @Sendable (Date) -> SQLValue
    /// The keys of an issuer's rows within the bound, the oldest first, up to a limit.
    let find: @Sendable (SQLDialect) -> SQLStatement
    /// Deletes the row of an issuer with one key, unless it has left the bound meanwhile.
    let delete: SQLStatement

    /// `key` is what the primary key has besides the issuer; `column` tells what expired, being `comparison` the bound.
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
        ExpiringTable("sessions", key: ["id"]),
        // The hours that are over: an authorization may stay an hour longer than it is good for.
        ExpiringTable(
            "authorizations", key: ["id"], column: "expiry_hour", index: "by_expiry_hour", "<",
            bound: { .integer(Int(($0.timeIntervalSince1970 / 3_600).rounded(.down))) }),
        ExpiringTable("devices", key: ["id"]),
        ExpiringTable("networks", key: ["user_id", "network"]),
        ExpiringTable("account_recoveries", key: ["user_id"]),
        ExpiringTable("attempts", key: ["name"]),
        ExpiringTable("spent", key: ["purpose", "value"]),
        ExpiringTable("mail_outbox", key: ["id"]),
        ExpiringTable("webhook_deliveries", key: ["id"]),
    ]
}
