import FoundationEssentials
import IdentityProvider

struct SQLRecoveryCodes: RecoveryCodeStore {
    let table: SQLTable

    func count(of user: Identifier<User>) async throws -> Int {
        try await table.query(
            "recovery_codes.count", "SELECT COUNT(*) FROM recovery_codes WHERE issuer = ? AND user_id = ?",
            [table.key, .id(user)]
        ).first?.integer(0) ?? 0
    }

    func replace(_ codes: [SecretDigest<RecoveryCode>], of user: User, at now: Date) async throws -> Bool {
        let issuer = table.key
        return try await table.write("recovery_codes.replace", seeing: .latest) { connection in
            guard try SQLUsers.relies(on: user, issuer, connection) else { return false }
            try connection.execute(
                "DELETE FROM recovery_codes WHERE issuer = ? AND user_id = ?", [issuer, .id(user.id)])
            for code in codes {
                try connection.execute(
                    "INSERT INTO recovery_codes (issuer, user_id, digest, created_at) VALUES (?, ?, ?, ?)",
                    [issuer, .id(user.id), .blob(code.bytes), .date(now)])
            }
            return true
        }
    }

    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int {
        try await table.execute(
            "recovery_codes.delete_recent",
            """
            DELETE FROM recovery_codes WHERE issuer = ? AND user_id = ? AND created_at >= ? AND created_at <= ?
            """, [table.key, .id(user), .date(period.lowerBound), .date(period.upperBound)], seeing: .latest)
    }

    func madeAt(of user: Identifier<User>) async throws -> Date? {
        try await table.query(
            "recovery_codes.made_at",
            "SELECT created_at FROM recovery_codes WHERE issuer = ? AND user_id = ? ORDER BY created_at DESC LIMIT 1",
            [table.key, .id(user)]
        ).first?.date(0)
    }

    func consume(_ digests: [SecretDigest<RecoveryCode>], of user: Identifier<User>) async throws -> Bool {
        let marks = digests.map { _ in "?" as SQLStatement }.joined()
        let statement: SQLStatement =
            "DELETE FROM recovery_codes WHERE issuer = ? AND user_id = ? AND digest IN (\(marks))"
        let values: [SQLValue] = [table.key, .id(user)] + digests.map { .blob($0.bytes) }
        return try await table.retryingWithLatest("recovery_codes.spend", until: \.self) { freshness in
            try await table.database.execute(freshness, statement, values) == 1
        }
    }
}
