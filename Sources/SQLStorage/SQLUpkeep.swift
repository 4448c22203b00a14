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

    static let all = [
        ExpiringTable(
            name: "sessions", bound: { .date($0) },
            find: { dialect in
                """
                SELECT id FROM sessions \(dialect.hint("sessions_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM sessions WHERE issuer = ? AND id = ? AND expires_at <= ?"),
        ExpiringTable(
            // The hours that are over: an authorization may stay an hour longer than it is good for.
            name: "authorizations", bound: { .integer(Int(($0.timeIntervalSince1970 / 3_600).rounded(.down))) },
            find: { dialect in
                """
                SELECT id FROM authorizations \(dialect.hint("authorizations_by_expiry_hour"))
                WHERE issuer = ? AND expiry_hour < ? ORDER BY expiry_hour LIMIT ?
                """
            }, delete: "DELETE FROM authorizations WHERE issuer = ? AND id = ? AND expiry_hour < ?"),
        ExpiringTable(
            name: "devices", bound: { .date($0) },
            find: { dialect in
                """
                SELECT id FROM devices \(dialect.hint("devices_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM devices WHERE issuer = ? AND id = ? AND expires_at <= ?"),
        ExpiringTable(
            name: "networks", bound: { .date($0) },
            find: { dialect in
                """
                SELECT user_id, network FROM networks \(dialect.hint("networks_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM networks WHERE issuer = ? AND user_id = ? AND network = ? AND expires_at <= ?"),
        ExpiringTable(
            name: "attempts", bound: { .date($0) },
            find: { dialect in
                """
                SELECT name FROM attempts \(dialect.hint("attempts_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM attempts WHERE issuer = ? AND name = ? AND expires_at <= ?"),
        ExpiringTable(
            name: "spent", bound: { .date($0) },
            find: { dialect in
                """
                SELECT purpose, value FROM spent \(dialect.hint("spent_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM spent WHERE issuer = ? AND purpose = ? AND value = ? AND expires_at <= ?"),
        ExpiringTable(
            name: "mail_outbox", bound: { .date($0) },
            find: { dialect in
                """
                SELECT id FROM mail_outbox \(dialect.hint("mail_outbox_by_expiry"))
                WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                """
            }, delete: "DELETE FROM mail_outbox WHERE issuer = ? AND id = ? AND expires_at <= ?"),
    ]
}
