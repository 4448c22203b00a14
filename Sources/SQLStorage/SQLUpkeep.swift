import FoundationEssentials
import IdentityProvider

struct SQLUpkeep: StorageUpkeep {
    let table: SQLTable

    func version() async throws -> Int {
        let key = table.key
        // Asked four times a second: a span for each would bury the others.
        return try await table.database.read { connection in
            try connection.query("SELECT version FROM changes WHERE issuer = ?", [key]).first?.integer(0) ?? 0
        }
    }

    func check() async throws {
        // A table is read: a statement without one would be answered by a file that is gone or damaged, too.
        _ = try await version()
    }

    func removeExpired(before moment: Date, limit: Int) async throws -> Int {
        let values: [SQLValue] = [table.key, table.key, .date(moment), .integer(limit)]
        var removed = 0
        for (name, statement) in Self.removals {
            removed += try await table.write(name) { connection in try connection.execute(statement, values) }
        }
        return removed
    }

    // The inner query has a name of its own because MariaDB takes a limit there only.
    private static let removals: [(name: String, statement: SQLStatement)] = [
        (
            "sessions.remove_expired",
            """
            DELETE FROM sessions WHERE issuer = ? AND id IN (SELECT id FROM (
                SELECT id FROM sessions WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?) AS expired)
            """
        ),
        (
            "authorizations.remove_expired",
            """
            DELETE FROM authorizations WHERE issuer = ? AND id IN (SELECT id FROM (
                SELECT id FROM authorizations WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?)
                AS expired)
            """
        ),
        (
            "spent.remove_expired",
            """
            DELETE FROM spent WHERE issuer = ? AND (purpose, value) IN (SELECT purpose, value FROM (
                SELECT purpose, value FROM spent WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?)
                AS expired)
            """
        ),
    ]
}
