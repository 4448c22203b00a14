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
        let values: [SQLValue] = [table.key, .date(moment), .integer(limit)]
        var removed = 0
        for removal in table.database.dialect.removals {
            removed += try await table.write(removal.name) { try $0.execute(removal.statement, values) }
        }
        return removed
    }
}
