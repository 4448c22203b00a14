import FoundationEssentials
import IdentityProvider

struct SQLAttempts: AttemptStore {
    let table: SQLTable

    private static let update: SQLStatement = """
        UPDATE attempts SET failures = CASE WHEN expires_at > ? THEN failures + 1 ELSE 1 END,
            last_failed_at = ?, expires_at = ?
        WHERE issuer = ? AND name = ?
        """

    func failures(of names: [String], at now: Date) async throws -> [String: Attempts] {
        var found: [String: Attempts] = [:]
        for name in names {
            let row = try await table.query(
                "attempts.find",
                """
                SELECT failures, last_failed_at, expires_at FROM attempts
                WHERE issuer = ? AND name = ? AND expires_at > ?
                """, [table.key, .text(name), .date(now)]
            ).first
            found[name] = try row.map {
                Attempts(count: try $0.integer(0), lastFailedAt: try $0.date(1), expiresAt: try $0.date(2))
            }
        }
        return found
    }

    func fail(_ names: [String], at now: Date, expiresAt expiry: Date) async throws -> [String: Int] {
        let issuer = table.key
        return try await table.write("attempts.fail") { connection in
            var counts: [String: Int] = [:]
            // A fixed order prevents deadlocks between concurrent units of work.
            for name in names.sorted() {
                counts[name] = try Self.count(name, at: now, expiresAt: expiry, issuer, connection)
            }
            return counts
        }
    }

    /// Increments the counter `name` and returns the new count.
    static func count(
        _ name: String, at now: Date, expiresAt expiry: Date, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Int? {
        let values: [SQLValue] = [.date(now), .date(now), .date(expiry), issuer, .text(name)]
        if try connection.execute(update, values) == 0 {
            let isNew = try connection.insertIfAbsent(
                "INSERT INTO attempts (issuer, name, failures, last_failed_at, expires_at) VALUES (?, ?, 1, ?, ?)",
                [issuer, .text(name), .date(now), .date(expiry)])
            // Another transaction inserted the row first.
            if !isNew { try connection.execute(update, values) }
        }
        // The row stays locked until the commit, so every unit of work gets a distinct count.
        return try connection.query(
            "SELECT failures FROM attempts WHERE issuer = ? AND name = ?", [issuer, .text(name)]
        ).first?.integer(0)
    }

    func fill(_ name: String, by seconds: TimeInterval, upTo longest: TimeInterval, at now: Date) async throws {
        let (issuer, milliseconds) = (table.key, Int((seconds * 1_000).rounded()))
        let (end, last) = (now.addingTimeInterval(seconds), now.addingTimeInterval(longest))
        let update: [SQLValue] = [
            .date(now), .date(now), .date(now), .date(end), .integer(milliseconds), .date(last), .integer(milliseconds),
            .date(last), issuer, .text(name),
        ]
        try await table.write("attempts.fill") { connection in
            guard try connection.execute(Self.fill, update) == 0 else { return }
            let isNew = try connection.insertIfAbsent(
                "INSERT INTO attempts (issuer, name, failures, last_failed_at, expires_at) VALUES (?, ?, 1, ?, ?)",
                [issuer, .text(name), .date(now), .date(end)])
            // Another transaction inserted the row first.
            if !isNew { try connection.execute(Self.fill, update) }
        }
    }

    private static let fill: SQLStatement = """
        UPDATE attempts SET failures = CASE WHEN expires_at > ? THEN failures + 1 ELSE 1 END, last_failed_at = ?,
            expires_at = CASE WHEN expires_at <= ? THEN ? WHEN expires_at + ? < ? THEN expires_at + ? ELSE ? END
        WHERE issuer = ? AND name = ?
        """

    func takeBack(_ count: Int, of name: String) async throws {
        try await table.execute(
            "attempts.take_back",
            """
            UPDATE attempts SET failures = CASE WHEN failures > ? THEN failures - ? ELSE 0 END
            WHERE issuer = ? AND name = ?
            """, [.integer(count), .integer(count), table.key, .text(name)])
    }

    func forget(_ names: [String]) async throws -> Bool {
        let issuer = table.key
        return try await table.write("attempts.forget", seeing: .latest) { connection in
            try names.sorted().reduce(0) { count, name in
                try count
                    + connection.execute("DELETE FROM attempts WHERE issuer = ? AND name = ?", [issuer, .text(name)])
            }
        } > 0
    }
}
