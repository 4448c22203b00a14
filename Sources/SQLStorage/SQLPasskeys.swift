import FoundationEssentials
import IdentityProvider

struct SQLPasskeys: PasskeyStore {
    let table: SQLTable

    private static let columns: SQLStatement = """
        user_id, name, credential_id, public_key, sign_count, aaguid, transports, is_backup_eligible, is_backed_up,
        is_uv_initialized, created_at, last_used_at
        """

    func find(_ id: Identifier<Passkey>) async throws -> Passkey? {
        try await table.find(
            "passkeys.find", "SELECT \(Self.columns) FROM passkeys WHERE issuer = ? AND id = ?", [table.key, .id(id)]
        ).map(Self.passkey)
    }

    func passkeys(of user: Identifier<User>) async throws -> [Passkey] {
        try await table.query(
            "passkeys.of_user",
            "SELECT \(Self.columns) FROM passkeys WHERE issuer = ? AND user_id = ? ORDER BY created_at, id",
            [table.key, .id(user)]
        ).map(Self.passkey)
    }

    func add(_ passkey: Passkey, by owner: User) async throws -> Bool {
        let issuer = table.key
        let values: [SQLValue] = [
            issuer, .id(passkey.id), .id(passkey.user), .text(passkey.name), .blob(passkey.credentialID),
            .blob(passkey.publicKey), .integer(passkey.signCount), .blob(passkey.aaguid), .json(passkey.transports),
            .flag(passkey.isBackupEligible), .flag(passkey.isBackedUp), .flag(passkey.isUserVerificationInitialized),
            .date(passkey.createdAt), .date(passkey.lastUsedAt),
        ]
        return try await table.retryingWithLatest("passkeys.add", until: \.self) { freshness in
            try await table.database.transaction(freshness) { connection in
                guard try SQLUsers.relies(on: owner, issuer, connection) else { return false }
                return try connection.insertIfAbsent(
                    """
                    INSERT INTO passkeys (issuer, id, \(Self.columns))
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """, values)
            }
        }
    }

    func use(_ id: Identifier<Passkey>, signCount: Int, isBackedUp: Bool, at moment: Date) async throws -> Bool {
        try await table.execute(
            "passkeys.use",
            """
            UPDATE passkeys SET sign_count = ?, is_backed_up = ?, last_used_at = ?
            WHERE issuer = ? AND id = ? AND (sign_count < ? OR sign_count = 0 AND ? = 0)
            """,
            [
                .integer(signCount), .flag(isBackedUp), .date(moment), table.key, .id(id), .integer(signCount),
                .integer(signCount),
            ]) == 1
    }

    func rename(_ id: Identifier<Passkey>, of user: Identifier<User>, to name: String) async throws -> Bool {
        try await table.execute(
            "passkeys.rename", "UPDATE passkeys SET name = ? WHERE issuer = ? AND id = ? AND user_id = ?",
            [.text(name), table.key, .id(id), .id(user)]) == 1
    }

    func remove(
        _ id: Identifier<Passkey>, of user: Identifier<User>, usable: [Identifier<UpstreamAuthority>],
        at moment: Date
    ) async throws -> PasskeyRemoval {
        let issuer = table.key
        return try await table.write("passkeys.remove", seeing: .latest) { connection in
            let ways = try SQLSignInWays(of: user, usable: usable, issuer, at: moment, connection)
            guard ways.passkeys.contains(id) else { return .unknown }
            guard ways.count > 1 else { return .last }
            try connection.execute("DELETE FROM passkeys WHERE issuer = ? AND id = ?", [issuer, .id(id)])
            return .removed
        }
    }

    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int {
        try await table.deleteRecent("passkeys", of: user, addedIn: period)
    }

    private static func passkey(_ row: SQLRow) throws -> Passkey {
        Passkey(
            user: try row.id(0), name: try row.text(1), credentialID: try row.blob(2), publicKey: try row.blob(3),
            signCount: try row.integer(4), aaguid: try row.blob(5), transports: try row.texts(6),
            isBackupEligible: try row.flag(7), isBackedUp: try row.flag(8),
            isUserVerificationInitialized: try row.flag(9), createdAt: try row.date(10),
            lastUsedAt: try row.optionalDate(11))
    }
}
