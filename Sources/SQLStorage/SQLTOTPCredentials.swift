import IdentityProvider

struct SQLTOTPCredentials: TOTPCredentialStore {
    let table: SQLTable

    func credentials(of user: Identifier<User>) async throws -> [TOTPCredential] {
        let values: [SQLValue] = [table.key, .id(user)]
        return try await table.read("totp_credentials.of_user") { connection in
            try connection.query(
                """
                SELECT id, name, sealed_secret, algorithm, digits, period, last_step, created_at FROM totp_credentials
                WHERE issuer = ? AND user_id = ? ORDER BY created_at, id
                """, values
            ).map { row in
                TOTPCredential(
                    id: try row.id(0), user: user, name: try row.text(1), sealedSecret: try row.blob(2),
                    algorithm: try row.text(3), digits: try row.integer(4), period: try row.integer(5),
                    lastStep: try row.integer(6), createdAt: try row.date(7))
            }
        }
    }

    func save(_ credential: TOTPCredential) async throws {
        let values: [SQLValue] = [
            table.key, .id(credential.id), .id(credential.user), .text(credential.name),
            .blob(credential.sealedSecret), .text(credential.algorithm), .integer(credential.digits),
            .integer(credential.period), .integer(credential.lastStep), .date(credential.createdAt),
        ]
        try await table.write("totp_credentials.save") { connection in
            try connection.insertIfAbsent(
                """
                INSERT INTO totp_credentials (issuer, id, user_id, name, sealed_secret, algorithm, digits, period,
                    last_step, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, values)
        }
    }

    func accept(step: Int, for credential: Identifier<TOTPCredential>) async throws -> Bool {
        let values: [SQLValue] = [.integer(step), table.key, .id(credential), .integer(step)]
        return try await table.write("totp_credentials.accept") { connection in
            try connection.execute(
                "UPDATE totp_credentials SET last_step = ? WHERE issuer = ? AND id = ? AND last_step < ?", values) == 1
        }
    }

    func delete(_ credential: Identifier<TOTPCredential>) async throws {
        let values: [SQLValue] = [table.key, .id(credential)]
        try await table.write("totp_credentials.delete") { connection in
            try connection.execute("DELETE FROM totp_credentials WHERE issuer = ? AND id = ?", values)
        }
    }
}
