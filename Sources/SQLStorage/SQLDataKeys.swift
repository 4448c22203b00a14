import FoundationEssentials
import IdentityProvider

struct SQLDataKeys: DataKeyStore {
    let table: SQLTable

    func all() async throws -> [DataKeyRecord] {
        try await table.query(
            "data_keys.all",
            """
            SELECT class, number, id, used_from, wrapped, master_key FROM data_keys
            WHERE issuer = ? ORDER BY class, number
            """, [table.key]
        ).map { row in
            DataKeyRecord(
                keyClass: try row.text(0), number: try row.integer(1), id: try row.blob(2),
                usedFrom: try row.date(3), wrapped: try row.blob(4), masterKey: try row.text(5))
        }
    }

    func establish(_ keys: [DataKeyRecord], isNew: Bool) async throws -> Bool {
        let issuer = table.key
        // Checked first so that an issuer that already has keys is not written to on every start.
        let statement: SQLStatement = isNew ? "\(Self.begun) UNION \(Self.used)" : Self.begun
        let values = isNew ? [issuer, issuer] : [issuer]
        guard try await table.query("data_keys.may_begin", statement, values).isEmpty else { return false }
        do {
            return try await table.writeCached("data_keys.begin") { connection in
                guard try connection.query(statement, values).isEmpty else { return false }
                for key in keys { try Self.insert(key, issuer, connection) }
                return true
            }
        } catch is UniqueViolation { return false }
    }

    private static let begun: SQLStatement = "SELECT 1 FROM data_keys WHERE issuer = ?"
    private static let used: SQLStatement = "SELECT 1 FROM signing_keys WHERE issuer = ?"

    func insert(_ key: DataKeyRecord) async throws -> Bool {
        let issuer = table.key
        do {
            return try await table.writeCached("data_keys.insert") { connection in
                let others = try connection.query(
                    "SELECT 1 FROM data_keys WHERE issuer = ? AND master_key <> ? LIMIT 1",
                    [issuer, .text(key.masterKey)])
                guard others.isEmpty else { return false }
                try Self.insert(key, issuer, connection)
                return true
            }
        } catch is UniqueViolation { return false }
    }

    func rewrap(_ old: DataKeyRecord, as new: DataKeyRecord) async throws -> Bool {
        let values: [SQLValue] = [
            .blob(new.wrapped), .text(new.masterKey), table.key, .text(old.keyClass), .integer(old.number),
            .blob(old.wrapped),
        ]
        return try await table.writeCached("data_keys.rewrap") { connection in
            try connection.execute(
                """
                UPDATE data_keys SET wrapped = ?, master_key = ?
                WHERE issuer = ? AND class = ? AND number = ? AND wrapped = ?
                """, values) == 1
        }
    }

    func delete(_ keyClass: String, number: Int) async throws {
        let values: [SQLValue] = [table.key, .text(keyClass), .integer(number)]
        try await table.writeCached("data_keys.delete") { connection in
            try connection.execute("DELETE FROM data_keys WHERE issuer = ? AND class = ? AND number = ?", values)
        }
    }

    func deleteUnused(_ number: Int, id: [UInt8]) async throws -> Bool {
        let issuer = table.key
        return try await table.writeCached("data_keys.delete_unused") { connection in
            for column in SealedColumn.allCases {
                // The key ID follows the version byte.
                let left = try connection.query(
                    "SELECT 1 FROM \(column.table) WHERE issuer = ? AND SUBSTR(\(column.name), 2, 4) = ? LIMIT 1",
                    [issuer, .blob(id)])
                guard left.isEmpty else { return false }
            }
            return try connection.execute(
                "DELETE FROM data_keys WHERE issuer = ? AND class = 'rest' AND number = ?",
                [issuer, .integer(number)]) == 1
        }
    }

    /// See `SessionStore.endEverything`.
    func endEverything(replacing keys: [DataKeyRecord], at now: Date) async throws -> [EndedSession] {
        let issuer = table.key
        return try await table.writeCached("data_keys.end_everything") { connection in
            // Deletes sessions first, as a sign-out does, so that no authorization can be created in them afterward.
            let ended = try connection.query("DELETE FROM sessions WHERE issuer = ? RETURNING id, user_id", [issuer])
                .map { try SQLSessions.ended($0, issuer, at: now, connection) }
            for statement in Self.others { try connection.execute(statement, [issuer]) }
            try connection.execute(
                "UPDATE authorizations SET revoked_at = ? WHERE issuer = ? AND revoked_at IS NULL",
                [.date(now), issuer])
            for key in keys { try Self.insert(key, issuer, connection) }
            return ended
        }
    }

    private static let others: [SQLStatement] = [
        "DELETE FROM devices WHERE issuer = ?", "DELETE FROM recovery_codes WHERE issuer = ?",
        "DELETE FROM account_recoveries WHERE issuer = ?", "DELETE FROM data_keys WHERE issuer = ?",
    ]

    private static func insert(_ key: DataKeyRecord, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        try connection.execute(
            """
            INSERT INTO data_keys (issuer, class, number, id, used_from, wrapped, master_key)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issuer, .text(key.keyClass), .integer(key.number), .blob(key.id), .date(key.usedFrom),
                .blob(key.wrapped), .text(key.masterKey),
            ])
    }
}

// Values made under a data key: digests, which are renewed on use, and sealed values.
extension SQLDataKeys {
    func renew(_ column: DigestColumn, from old: [UInt8], to new: [UInt8]) async throws {
        let values: [SQLValue] = [.blob(new), table.key, .blob(old)]
        switch column {
        case .session:
            try await table.execute(
                "sessions.renew", "UPDATE sessions SET secret_digest = ? WHERE issuer = ? AND secret_digest = ?", values
            )
        case .device:
            try await table.execute(
                "devices.renew", "UPDATE devices SET secret_digest = ? WHERE issuer = ? AND secret_digest = ?", values)
        case .client:
            try await table.writeCached("clients.renew") { connection in
                try connection.execute(
                    "UPDATE clients SET secret_digest = ? WHERE issuer = ? AND secret_digest = ?", values)
            }
        }
    }

    func digestKeysInUse() async throws -> Set<[UInt8]> {
        var used: Set<[UInt8]> = []
        for statement in Self.digestKeys {
            used.formUnion(try await table.query("digests.keys", statement, [table.key]).map { try $0.blob(0) })
        }
        return used
    }

    /// A digest ends with a 32-byte HMAC, preceded by the key ID if it has one.
    private static let digestKeys: [SQLStatement] = [
        """
        SELECT DISTINCT SUBSTR(secret_digest, 1, LENGTH(secret_digest) - 32) FROM clients
        WHERE issuer = ? AND secret_digest IS NOT NULL
        """,
        "SELECT DISTINCT SUBSTR(secret_digest, 1, LENGTH(secret_digest) - 32) FROM sessions WHERE issuer = ?",
        "SELECT DISTINCT SUBSTR(secret_digest, 1, LENGTH(secret_digest) - 32) FROM devices WHERE issuer = ?",
        "SELECT DISTINCT SUBSTR(digest, 1, LENGTH(digest) - 32) FROM recovery_codes WHERE issuer = ?",
    ]

    func sealed(_ column: SealedColumn, after id: String, limit: Int) async throws -> [SealedValue] {
        try await table.query(
            "sealed_values.page",
            """
            SELECT id, \(column.name) FROM \(column.table)
            WHERE issuer = ? AND id > ? AND \(column.name) IS NOT NULL ORDER BY id LIMIT ?
            """, [table.key, .text(id), .integer(limit)]
        ).map { SealedValue(id: try $0.text(0), bytes: try $0.blob(1)) }
    }

    func reseal(_ column: SealedColumn, _ value: SealedValue, as new: [UInt8]) async throws -> Bool {
        let statement: SQLStatement =
            "UPDATE \(column.table) SET \(column.name) = ? WHERE issuer = ? AND id = ? AND \(column.name) = ?"
        let values: [SQLValue] = [.blob(new), table.key, .text(value.id), .blob(value.bytes)]
        return try await table.writeCached("sealed_values.reseal") { try $0.execute(statement, values) == 1 }
    }
}

extension SealedColumn {
    fileprivate var table: SQLStatement {
        switch self {
        case .privateKey: "signing_keys"
        case .clientSecret: "clients"
        case .oneTimePasswordSecret: "totp_credentials"
        case .mail: "mail_outbox"
        case .upstreamSecret: "upstreams"
        case .upstreamTokens: "upstream_links"
        case .streamAuthorization: "event_streams"
        case .securityEvent: "security_events"
        }
    }

    fileprivate var name: SQLStatement {
        switch self {
        case .privateKey: "sealed_private_key"
        case .clientSecret, .oneTimePasswordSecret, .upstreamSecret, .streamAuthorization: "sealed_secret"
        case .securityEvent: "sealed_event"
        case .upstreamTokens: "sealed_tokens"
        case .mail: "sealed_mail"
        }
    }
}

extension SQLBackend {
    /// Returns the names of the master keys that wrap data keys, for every issuer in the database, whether configured
    /// here or not.
    package func masterKeysInUse() async throws -> [(issuer: String, masterKey: String)] {
        try await database.query(.latest, "SELECT DISTINCT issuer, master_key FROM data_keys ORDER BY issuer", [])
            .map { (try $0.text(0), try $0.text(1)) }
    }

    /// Returns every issuer that has a signing key or data key, whether configured here or not.
    package func issuers() async throws -> [String] {
        try await database.query(.latest, Self.issuers, []).map { try $0.text(0) }
    }

    private static let issuers: SQLStatement =
        "SELECT issuer FROM signing_keys UNION SELECT issuer FROM data_keys ORDER BY 1"

    /// Whether the database holds anything that a master key protects. Works with every schema version.
    package func needsMasterKey() async throws -> Bool {
        let tableNames = database.dialect.tableNames
        return try await database.read(.latest) { connection in
            let tables = try connection.query(tableNames, []).map { try $0.text(0) }
            for (table, statement) in Self.sealed where tables.contains(table) {
                guard try connection.query(statement, []).isEmpty else { return true }
            }
            return false
        }
    }

    private static let sealed: [(table: String, any: SQLStatement)] = [
        ("signing_keys", "SELECT 1 FROM signing_keys LIMIT 1"), ("data_keys", "SELECT 1 FROM data_keys LIMIT 1"),
    ]
}
