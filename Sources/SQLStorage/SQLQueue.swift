import FoundationEssentials
import IdentityProvider

/// A table whose rows wait until they are due. Whoever leases one works on it alone, until the lease ends: then it is due
/// again. `attempts` counts the leases, and tells a worker that came too late from the one whose row it is now.
struct SQLQueue: Sendable {
    let table: SQLTable
    let name: SQLStatement

    /// A row as a worker read it.
    struct Entry {
        let id: SQLValue
        let attempts: Int
    }

    /// Rows that are due and for which `condition` holds, the first first.
    func due(
        _ columns: SQLStatement, at now: Date, where condition: SQLStatement = "1 = 1", _ values: [SQLValue] = [],
        limit: Int
    ) async throws -> [SQLRow] {
        // Asked every second: a span for each would bury the others.
        try await table.database.query(
            .local,
            """
            SELECT \(columns) FROM \(name) \(table.database.dialect.hint("\(name)_by_due"))
            WHERE issuer = ? AND due_at <= ? AND \(condition) ORDER BY due_at LIMIT ?
            """, [table.key, .date(now)] + values + [.integer(limit)])
    }

    /// Whether the row is this worker's until `end`, under one attempt more.
    func lease(_ entry: Entry, until end: Date, at now: Date) async throws -> Bool {
        try await table.execute(
            "\(name.text).lease",
            """
            UPDATE \(name) SET attempts = attempts + 1, due_at = ?
            WHERE issuer = ? AND id = ? AND attempts = ? AND due_at <= ?
            """, [.date(end), table.key, entry.id, .integer(entry.attempts), .date(now)]) == 1
    }

    /// How many wait that are of use yet, but for what nobody may try before a later moment.
    func depth(at now: Date) async throws -> Int {
        try await table.query(
            "\(name.text).depth",
            """
            SELECT COUNT(*) FROM \(name) \(table.database.dialect.hint("\(name)_by_expiry"))
            WHERE issuer = ? AND expires_at > ? AND (attempts > 0 OR due_at <= ?)
            """, [table.key, .date(now), .date(now)]
        ).first?.integer(0) ?? 0
    }

    func postpone(_ entry: Entry, until moment: Date) async throws {
        try await table.execute(
            "\(name.text).postpone",
            "UPDATE \(name) SET due_at = ? WHERE issuer = ? AND id = ? AND attempts = ?",
            [.date(moment), table.key, entry.id, .integer(entry.attempts)])
    }

    func remove(_ entry: Entry) async throws {
        try await table.execute(
            "\(name.text).remove", "DELETE FROM \(name) WHERE issuer = ? AND id = ? AND attempts = ?",
            [table.key, entry.id, .integer(entry.attempts)])
    }
}
