import FoundationEssentials
import IdentityProvider
import SQLStorage
import SQLiteDriver
import Synchronization
import TestSupport
import Testing

@Suite("Every statement uses an index")
struct QueryPlanTests {
    @Test("no store's statement scans a table on SQLite")
    func noScan() async throws {
        try await withTemporaryFolder { folder in
            let database = ObservedDatabase(try SQLiteDatabase(path: "\(folder)/martlet.db")) {
                connection, statement, values in
                try connection.query("EXPLAIN QUERY PLAN \(statement)", values).map { try $0.text(3) }
            }
            let storage = SQLBackend(database)
            _ = try await storage.migrate()
            database.forget()
            try await storage.stores(for: try Issuer("https://id.example.com")).askEverything()
            let steps = database.notes
            #expect(steps.count(where: { $0.hasPrefix("SEARCH") }) > 30)
            // An index on the issuer alone finds all its rows. That is right only for the few tables kept in memory.
            let listed = [
                "changes", "clients", "resource_servers", "roles", "user_groups", "attributes", "upstreams",
                "signing_keys", "data_keys", "audit_chains", "event_streams",
            ]
            let unbounded = steps.filter { $0.hasSuffix("(issuer=?)") }
            #expect(unbounded.filter { step in !listed.contains { step.hasPrefix("SEARCH \($0) ") } } == [])
            #expect(steps.filter { $0.hasPrefix("SCAN") && $0 != "SCAN CONSTANT ROW" } == [])
            await storage.close()
        }
    }

    @Test("no store's statement scans a potentially large table on MariaDB")
    func noScanOnMariaDB() async throws {
        let server = try MariaDBServer.shared.get()
        try await StorageBackend.mariaDB.withFolder { folder in
            let database = ObservedDatabase(try StorageBackend.mariaDB.open(folder)) { connection, statement, values in
                try connection.query("EXPLAIN \(statement)", values).map { try Self.step($0) }
            }
            let storage = SQLBackend(database)
            _ = try await storage.migrate()
            let stores = storage.stores(for: try Issuer("https://id.example.com"))
            // On an empty table, a scan is the best plan.
            try await stores.populate()
            try server.run("USE `\(StorageBackend.databaseName(folder))`; " + Self.crowd)
            database.forget()
            try await stores.askEverything()
            let steps = database.notes
            #expect(steps.count > 60)
            let large = [
                "users", "user_names", "totp_credentials", "passkeys", "sessions", "consents", "authorizations",
                "spent", "mail_outbox", "devices", "networks", "recovery_codes", "attempts", "upstream_links",
                "pushed_requests", "device_authorizations",
            ]
            let lookups = steps.filter { step in large.contains { step.hasPrefix("\($0) ") } }
            #expect(lookups.count > 30)
            let good = ["const", "eq_ref", "ref", "range"]
            let bad = lookups.filter { step in !good.contains { step.contains(" \($0) by ") } }
            #expect(bad == [])
            // 1022 bytes are the issuer alone, which means all its rows.
            #expect(lookups.filter { $0.hasSuffix(" 1022") } == [])
            await storage.close()
        }
    }

    /// Returns `table type by key key_len` for a row of EXPLAIN, or nothing for insertions and statements without a
    /// table.
    private static func step(_ row: SQLRow) throws -> String {
        func text(_ column: Int) -> String { (try? row.text(column)) ?? "none" }
        guard text(1) != "INSERT", text(3) != "none" else { return "" }
        return "\(text(2)) \(text(3)) by \(text(5)) \(text(6))"
    }

    private static let crowd = """
        INSERT INTO users (issuer, id, username, username_key, is_email_verified, claims, roles, is_disabled, created_at,
            updated_at) SELECT 'https://id.example.com', CONCAT('u', seq), CONCAT('u', seq), CONCAT('u', seq), 0, '{}',
            '[]', 0, 0, 0 FROM seq_1_to_3000;
        INSERT INTO user_names SELECT 'https://id.example.com', CONCAT('u', seq), CONCAT('u', seq) FROM seq_1_to_3000;
        INSERT INTO totp_credentials SELECT 'https://id.example.com', CONCAT('x', seq), CONCAT('u', seq), '', '', 'SHA1',
            6, 30, 0, 0 FROM seq_1_to_3000;
        INSERT INTO passkeys SELECT 'https://id.example.com', CONCAT('x', seq), CONCAT('u', seq), '', '', '', 0, '', '[]',
            0, 0, 0, 0, NULL FROM seq_1_to_3000;
        INSERT INTO sessions SELECT 'https://id.example.com', CONCAT('x', seq), UNHEX(MD5(seq)), CONCAT('u', seq), 0,
            '[]', '1', 4000000000000 + seq, 0, NULL, '', '', 0, NULL, NULL, NULL, NULL, NULL, 1 FROM seq_1_to_3000;
        INSERT INTO upstream_links SELECT 'https://id.example.com', CONCAT('x', seq), 'up', CONCAT('s', seq), CONCAT('u', seq),
            '', NULL, 0, NULL, 'a' FROM seq_1_to_3000;
        INSERT INTO devices SELECT 'https://id.example.com', CONCAT('x', seq), UNHEX(MD5(seq)), CONCAT('u', seq), '', '',
            0, 0, NULL, 4000000000000 + seq FROM seq_1_to_3000;
        INSERT INTO networks SELECT 'https://id.example.com', CONCAT('u', seq), 'n', '', 0, 0, 4000000000000 + seq
            FROM seq_1_to_3000;
        INSERT INTO recovery_codes SELECT 'https://id.example.com', CONCAT('u', seq), UNHEX(MD5(seq)), 0, NULL
            FROM seq_1_to_3000;
        INSERT INTO attempts SELECT 'https://id.example.com', CONCAT('x', seq), 1, 0, 4000000000000 + seq
            FROM seq_1_to_3000;
        INSERT INTO consents SELECT 'https://id.example.com', CONCAT('u', seq), 'web', '', 0 FROM seq_1_to_3000;
        INSERT INTO authorizations (issuer, id, client_id, user_id, session_id, is_offline, granted, generation,
            rotated_at, revoked_at, expires_at) SELECT 'https://id.example.com', CONCAT('x', seq), 'web', CONCAT('u', seq),
            CONCAT('x', seq), 0, '{}', 0, NULL, NULL, 4000000000000 + seq FROM seq_1_to_3000;
        INSERT INTO spent SELECT 'https://id.example.com', 'jti', seq, 4000000000000 + seq FROM seq_1_to_3000;
        INSERT INTO pushed_requests SELECT 'https://id.example.com', CONCAT('y', seq), '', 4000000000000 + seq
            FROM seq_1_to_3000;
        INSERT INTO device_authorizations (issuer, id, user_code, sealed_request, polling_interval, expires_at)
            SELECT 'https://id.example.com', CONCAT('y', seq), CONCAT('y', seq), '', 5, 4000000000000 + seq
            FROM seq_1_to_3000;
        INSERT INTO mail_outbox SELECT 'https://id.example.com', CONCAT('x', seq), '', 0, 4000000000000 + seq, 0,
            4000000000000 + seq FROM seq_1_to_3000;
        ANALYZE TABLE users, user_names, totp_credentials, passkeys, sessions, consents, authorizations, spent,
            mail_outbox, devices, networks, recovery_codes, attempts, upstream_links, pushed_requests,
            device_authorizations
        """

    @Test(
        "deleting a user or client finds the dependent rows by an index",
        arguments: [
            "SELECT 1 FROM user_names WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM totp_credentials WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM passkeys WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM sessions WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM devices WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM networks WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM recovery_codes WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM consents WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM consents WHERE issuer = ? AND client_id = ?",
            "SELECT 1 FROM authorizations WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM authorizations WHERE issuer = ? AND client_id = ?",
        ] as [SQLStatement])
    func cascade(_ lookup: SQLStatement) async throws {
        try await withTemporaryFolder { folder in
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            _ = try await SQLBackend(database).migrate()
            // SQLite does not explain what a foreign key does; it runs this lookup.
            let steps = try await database.read { connection in
                try connection.query("EXPLAIN QUERY PLAN \(lookup)", [.text("i"), .text("x")]).map { try $0.text(3) }
            }
            #expect(steps.count == 1)
            #expect(steps.allSatisfy { $0.hasPrefix("SEARCH") && $0.hasSuffix("_id=?)") }, "\(steps)")
            await database.close()
        }
    }
}
