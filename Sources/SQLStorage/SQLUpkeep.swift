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
        _ = try await table.database.read { connection in try connection.query("SELECT 1", []) }
    }

    func removeExpired(before moment: Date, limit: Int) async throws -> Int {
        let values: [SQLValue] = [table.key, .date(moment), .integer(limit)]
        var removed = 0
        for (name, statement) in Self.statements {
            removed += try await table.write(name) { connection in try connection.execute(statement, values) }
        }
        return removed
    }

    private static let statements = [
        (
            "sessions.remove_expired",
            """
            DELETE FROM sessions WHERE issuer = ?1 AND id IN (
                SELECT id FROM sessions WHERE issuer = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)
            """
        ),
        (
            "authorizations.remove_expired",
            """
            DELETE FROM authorizations WHERE issuer = ?1 AND id IN (
                SELECT id FROM authorizations WHERE issuer = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)
            """
        ),
        (
            "spent.remove_expired",
            """
            DELETE FROM spent WHERE issuer = ?1 AND (purpose, value) IN (
                SELECT purpose, value FROM spent WHERE issuer = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)
            """
        ),
    ]
}
