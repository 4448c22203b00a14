import FoundationEssentials
import IdentityProvider

struct SQLTOTPCredentials: TOTPCredentialStore {
    let table: SQLTable

    func credentials(of user: Identifier<User>) async throws -> [TOTPCredential] {
        try await table.query(
            "totp_credentials.of_user",
            """
            SELECT id, name, sealed_secret, algorithm, digits, period, last_step, created_at FROM totp_credentials
            WHERE issuer = ? AND user_id = ? ORDER BY created_at, id
            """, [table.key, .id(user)]
        ).map { row in
            TOTPCredential(
                id: try row.id(0), user: user, name: try row.text(1), sealedSecret: try row.blob(2),
                algorithm: try row.text(3), digits: try row.integer(4), period: try row.integer(5),
                lastStep: try row.integer(6), createdAt: try row.date(7))
        }
    }

    func save(_ credential: TOTPCredential, by owner: User?) async throws -> Bool {
        let issuer = table.key
        return try await table.retryingWithLatest("totp_credentials.save", until: \.self) { freshness in
            try await table.database.transaction(freshness) { connection in
                if let owner, try !SQLUsers.relies(on: owner, issuer, connection) { return false }
                try Self.save(credential, issuer, connection)
                return true
            }
        }
    }

    static func save(_ credential: TOTPCredential, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        _ = try connection.insertIfAbsent(
            """
            INSERT INTO totp_credentials (issuer, id, user_id, name, sealed_secret, algorithm, digits, period,
                last_step, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issuer, .id(credential.id), .id(credential.user), .text(credential.name),
                .blob(credential.sealedSecret), .text(credential.algorithm), .integer(credential.digits),
                .integer(credential.period), .integer(credential.lastStep), .date(credential.createdAt),
            ])
    }

    func accept(step: Int, for credential: Identifier<TOTPCredential>) async throws -> Bool {
        try await table.execute(
            "totp_credentials.accept",
            "UPDATE totp_credentials SET last_step = ? WHERE issuer = ? AND id = ? AND last_step < ?",
            [.integer(step), table.key, .id(credential), .integer(step)]) == 1
    }

    func delete(_ credential: Identifier<TOTPCredential>) async throws {
        try await table.execute(
            "totp_credentials.delete", "DELETE FROM totp_credentials WHERE issuer = ? AND id = ?",
            [table.key, .id(credential)])
    }

    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int {
        try await table.deleteRecent("totp_credentials", of: user, addedIn: period)
    }
}
