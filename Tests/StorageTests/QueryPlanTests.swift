import FoundationEssentials
import IdentityProvider
import SQLStorage
import SQLiteDriver
import Synchronization
import TestSupport
import Testing

@Suite("Every statement finds its rows by an index")
struct QueryPlanTests {
    @Test("SQLite scans no table, whatever a store is asked")
    func noScan() async throws {
        try await withTemporaryFolder { folder in
            let database = ExplainingDatabase(base: try SQLiteDatabase(path: "\(folder)/martlet.db")) { query in
                try query("EXPLAIN QUERY PLAN").map { try $0.text(3) }
            }
            let storage = SQLBackend(database)
            _ = try await storage.migrate()
            database.steps.withLock { $0 = [] }
            try await visit(storage.stores(for: try Issuer("https://id.example.com")))
            let steps = database.steps.withLock(\.self)
            #expect(steps.count(where: { $0.hasPrefix("SEARCH") }) > 30)
            // The issuer alone finds all its rows: right for the few of what is kept in memory, and nothing else.
            let listed = ["changes", "clients", "resource_servers", "roles", "signing_keys"]
            let unbounded = steps.filter { $0.hasSuffix("(issuer=?)") }
            #expect(unbounded.filter { step in !listed.contains { step.hasPrefix("SEARCH \($0) ") } } == [])
            #expect(steps.filter { $0.hasPrefix("SCAN") && $0 != "SCAN CONSTANT ROW" } == [])
            await storage.close()
        }
    }

    @Test("MariaDB scans no table that may be large, whatever a store is asked")
    func noScanOnMariaDB() async throws {
        let server = try MariaDBServer.shared.get()
        try await StorageBackend.mariaDB.withFolder { folder in
            let database = ExplainingDatabase(base: try StorageBackend.mariaDB.open(folder)) { query in
                try query("EXPLAIN").map { try Self.step($0) }
            }
            let storage = SQLBackend(database)
            _ = try await storage.migrate()
            let stores = storage.stores(for: try Issuer("https://id.example.com"))
            // On an empty table a scan is the best plan there is.
            try await stores.populate()
            try server.run("USE `\(StorageBackend.databaseName(folder))`; " + Self.crowd)
            database.steps.withLock { $0 = [] }
            try await visit(stores)
            let steps = database.steps.withLock(\.self)
            #expect(steps.count > 60)
            let large = ["users", "user_names", "totp_credentials", "sessions", "consents", "authorizations", "spent"]
            let lookups = steps.filter { step in large.contains { step.hasPrefix("\($0) ") } }
            #expect(lookups.count > 30)
            let good = ["const", "eq_ref", "ref", "range"]
            let bad = lookups.filter { step in !good.contains { step.contains(" \($0) by ") } }
            #expect(bad == [])
            // 1022 bytes are the issuer alone: all its rows.
            #expect(lookups.filter { $0.hasSuffix(" 1022") } == [])
            await storage.close()
        }
    }

    /// `table type by key key_len` of a row of EXPLAIN; nothing for an insertion or what no table is read for.
    private static func step(_ row: SQLRow) throws -> String {
        func text(_ column: Int) -> String { (try? row.text(column)) ?? "none" }
        guard text(1) != "INSERT", text(3) != "none" else { return "" }
        return "\(text(2)) \(text(3)) by \(text(5)) \(text(6))"
    }

    private static let crowd = """
        INSERT INTO users SELECT 'https://id.example.com', CONCAT('u', seq), CONCAT('u', seq), CONCAT('u', seq), NULL,
            0, NULL, '{}', '[]', 0, 0, 0 FROM seq_1_to_3000;
        INSERT INTO user_names SELECT 'https://id.example.com', CONCAT('u', seq), CONCAT('u', seq) FROM seq_1_to_3000;
        INSERT INTO totp_credentials SELECT 'https://id.example.com', CONCAT('x', seq), CONCAT('u', seq), '', '', 'SHA1',
            6, 30, 0, 0 FROM seq_1_to_3000;
        INSERT INTO sessions SELECT 'https://id.example.com', CONCAT('x', seq), UNHEX(MD5(seq)), CONCAT('u', seq), 0,
            '[]', '1', 4000000000000 + seq, 0 FROM seq_1_to_3000;
        INSERT INTO consents SELECT 'https://id.example.com', CONCAT('u', seq), 'web', '', 0 FROM seq_1_to_3000;
        INSERT INTO authorizations SELECT 'https://id.example.com', CONCAT('x', seq), 'web', CONCAT('u', seq),
            CONCAT('x', seq), 0, '{}', 0, NULL, NULL, 4000000000000 + seq FROM seq_1_to_3000;
        INSERT INTO spent SELECT 'https://id.example.com', 'jti', seq, 4000000000000 + seq FROM seq_1_to_3000;
        ANALYZE TABLE users, user_names, totp_credentials, sessions, consents, authorizations, spent
        """

    @Test(
        "a user or client that goes finds what goes with it by an index",
        arguments: [
            "SELECT 1 FROM user_names WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM totp_credentials WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM sessions WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM consents WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM consents WHERE issuer = ? AND client_id = ?",
            "SELECT 1 FROM authorizations WHERE issuer = ? AND user_id = ?",
            "SELECT 1 FROM authorizations WHERE issuer = ? AND client_id = ?",
        ] as [SQLStatement])
    func cascade(_ lookup: SQLStatement) async throws {
        try await withTemporaryFolder { folder in
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            _ = try await SQLBackend(database).migrate()
            // SQLite does not explain what a foreign key does: it is this lookup.
            let steps = try await database.read { connection in
                try connection.query("EXPLAIN QUERY PLAN \(lookup)", [.text("i"), .text("x")]).map { try $0.text(3) }
            }
            #expect(steps.count == 1)
            #expect(steps.allSatisfy { $0.hasPrefix("SEARCH") && $0.hasSuffix("_id=?)") }, "\(steps)")
            await database.close()
        }
    }

    /// Asks every store everything.
    private func visit(_ stores: Stores) async throws {
        try await stores.populate()
        _ = try await stores.clients.find(Client.web)
        _ = try await stores.clients.all()
        try await stores.resourceServers.save(ResourceServer(identifier: "r", scopes: []))
        _ = try await stores.resourceServers.all()
        try await stores.resourceServers.delete("r")
        try await stores.roles.save(Role(name: "admin", permissions: []))
        _ = try await stores.roles.all()
        try await stores.roles.delete("admin")
        _ = try await stores.users.find(User.alice)
        _ = try await stores.users.find(named: "alice")
        _ = try await stores.users.list(after: "a", limit: 10)
        try await stores.users.replacePasswordHash(of: User.alice, from: "", with: "")
        try await stores.sessions.begin(.example("s"), replacing: Identifier("former"))
        _ = try await stores.sessions.find(Session.example("s").secret, at: moment)
        _ = try await stores.authorizations.begin(.example("a", session: "s"))
        _ = try await RotationTests.present(0, after: 1, stores)
        _ = try await RotationTests.present(0, after: 1, stores)
        try await stores.authorizations.revoke(Identifier("a"), at: moment)
        try await stores.authorizations.revoke(user: User.alice, client: Client.web, at: moment)
        try await stores.sessions.end(Identifier("s"), at: moment)
        try await stores.sessions.endAll(of: User.alice, at: moment)
        try await stores.consents.save(Consent(user: User.alice, client: Client.web, scope: [], grantedAt: moment))
        _ = try await stores.consents.find(user: User.alice, client: Client.web)
        try await stores.consents.withdraw(user: User.alice, client: Client.web)
        try await stores.totpCredentials.save(.example("t"))
        _ = try await stores.totpCredentials.credentials(of: User.alice)
        _ = try await stores.totpCredentials.accept(step: 1, for: Identifier("t"))
        try await stores.totpCredentials.delete(Identifier("t"))
        _ = try await stores.keys.insert(.example("k", number: 1))
        _ = try await stores.keys.all()
        try await stores.keys.update("k", signsUntil: moment, publishedUntil: moment)
        try await stores.keys.delete("k")
        _ = try await stores.spent.spend("jti", for: .clientAssertion, until: moment)
        _ = try await stores.spent.isSpent("jti", for: .clientAssertion)
        _ = try await stores.upkeep.version()
        _ = try await stores.upkeep.removeExpired(before: moment, limit: 10)
        try await stores.clients.delete(Client.web)
        try await stores.users.delete(User.alice)
    }
}

/// A database that notes the plan of each statement before it runs it.
private final class ExplainingDatabase: SQLDatabase {
    typealias Explain = @Sendable (_ query: (SQLStatement) throws -> [SQLRow]) throws -> [String]

    let base: any SQLDatabase
    let explain: Explain
    let steps = Mutex<[String]>([])

    /// `explain` is given a way to run the statement behind a prefix.
    init(base: any SQLDatabase, explain: @escaping Explain) {
        self.base = base
        self.explain = explain
    }

    var dialect: SQLDialect { base.dialect }
    var mayLag: Bool { base.mayLag }
    var committedUnits: Int { base.committedUnits }

    func transaction<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.transaction(freshness) { [self] in try body(ExplainingConnection(base: $0, database: self)) }
    }

    func read<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.read(freshness) { [self] in try body(ExplainingConnection(base: $0, database: self)) }
    }

    func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.survey(body)
    }

    func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await base.maintain(body)
    }

    func close() async { await base.close() }
}

private struct ExplainingConnection: SQLConnection {
    let base: any SQLConnection
    let database: ExplainingDatabase

    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        try explain(statement, values)
        return try base.execute(statement, values)
    }

    func forEachRow(_ statement: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try explain(statement, values)
        try base.forEachRow(statement, values, body)
    }

    func close() { base.close() }

    private func explain(_ statement: SQLStatement, _ values: [SQLValue]) throws {
        let steps = try database.explain { prefix in try base.query("\(prefix) \(statement)", values) }
        database.steps.withLock { $0 += steps }
    }
}
