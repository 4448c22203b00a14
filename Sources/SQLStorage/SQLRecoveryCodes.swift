import FoundationEssentials
import IdentityProvider

/// Recovery codes, and access codes: rows that expire.
struct SQLRecoveryCodes: RecoveryCodeStore {
    let table: SQLTable

    // No index serves these expressions. The one on expiry, which is for upkeep, would lock the codes of other users.
    private static let isRecoveryCode: SQLStatement = "issuer = ? AND user_id = ? AND COALESCE(expires_at, 0) = 0"
    private static let isAccessCode: SQLStatement = "issuer = ? AND user_id = ? AND COALESCE(expires_at, 0) > 0"

    func count(of user: Identifier<User>) async throws -> Int {
        try await table.query(
            "recovery_codes.count", "SELECT COUNT(*) FROM recovery_codes WHERE \(Self.isRecoveryCode)",
            [table.key, .id(user)]
        ).first?.integer(0) ?? 0
    }

    func replace(_ codes: [SecretDigest<RecoveryCode>], of user: User, at now: Date) async throws -> Bool {
        let issuer = table.key
        return try await table.write("recovery_codes.replace", seeing: .latest) { connection in
            guard try codes.isEmpty || SQLUsers.relies(on: user, issuer, connection) else { return false }
            let removed = try connection.execute(
                "DELETE FROM recovery_codes WHERE \(Self.isRecoveryCode)", [issuer, .id(user.id)])
            guard !codes.isEmpty else { return removed > 0 }
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
            DELETE FROM recovery_codes WHERE \(Self.isRecoveryCode) AND created_at >= ? AND created_at <= ?
            """, [table.key, .id(user), .date(period.lowerBound), .date(period.upperBound)], seeing: .latest)
    }

    func madeAt(of user: Identifier<User>) async throws -> Date? {
        try await table.query(
            "recovery_codes.made_at",
            "SELECT created_at FROM recovery_codes WHERE \(Self.isRecoveryCode) ORDER BY created_at DESC LIMIT 1",
            [table.key, .id(user)]
        ).first?.date(0)
    }

    func consume(_ digests: [SecretDigest<RecoveryCode>], of user: Identifier<User>) async throws -> Bool {
        let marks = digests.map { _ in "?" as SQLStatement }.joined()
        let statement: SQLStatement =
            "DELETE FROM recovery_codes WHERE \(Self.isRecoveryCode) AND digest IN (\(marks))"
        let values: [SQLValue] = [table.key, .id(user)] + digests.map { .blob($0.bytes) }
        return try await table.retryingWithLatest("recovery_codes.spend", until: \.self) { freshness in
            try await table.database.execute(freshness, statement, values) == 1
        }
    }

    func replaceAccessCode(
        _ code: SecretDigest<AccessCode>?, of user: User, until expiry: Date, at now: Date
    ) async throws -> Bool {
        let issuer = table.key
        return try await table.write("recovery_codes.replace_access_code", seeing: .latest) { connection in
            guard try code == nil || SQLUsers.relies(on: user, issuer, connection) else { return false }
            let removed = try Self.deleteAccessCode(of: user.id, issuer, connection)
            guard let code else { return removed > 0 }
            try connection.execute(
                "INSERT INTO recovery_codes (issuer, user_id, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                [issuer, .id(user.id), .blob(code.bytes), .date(now), .date(expiry)])
            return true
        }
    }

    /// Deletes the access code of a user within a unit of work, and returns the number of deleted rows.
    @discardableResult
    static func deleteAccessCode(
        of user: Identifier<User>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Int {
        try connection.execute("DELETE FROM recovery_codes WHERE \(isAccessCode)", [issuer, .id(user)])
    }

    func accessCodeExpiry(of user: Identifier<User>) async throws -> Date? {
        try await table.query(
            "recovery_codes.access_code_expiry", "SELECT expires_at FROM recovery_codes WHERE \(Self.isAccessCode)",
            [table.key, .id(user)]
        ).first?.date(0)
    }

    func consumeAccessCode(
        _ digests: [SecretDigest<AccessCode>], of user: Identifier<User>, at now: Date
    ) async throws -> Bool {
        let marks = digests.map { _ in "?" as SQLStatement }.joined()
        let statement: SQLStatement =
            """
            DELETE FROM recovery_codes WHERE \(Self.isAccessCode) AND COALESCE(expires_at, 0) > ? AND digest IN (\(marks))
            """
        let values: [SQLValue] = [table.key, .id(user), .date(now)] + digests.map { .blob($0.bytes) }
        return try await table.retryingWithLatest("recovery_codes.spend_access_code", until: \.self) { freshness in
            try await table.database.execute(freshness, statement, values) == 1
        }
    }
}
