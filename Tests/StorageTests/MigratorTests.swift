import FoundationEssentials
import SQLStorage
import TestSupport
import Testing

@Suite("Migrations: each step runs once, in order, completely")
struct MigratorTests {
    private static let first = Migration(
        version: 1, name: "first", statements: ["CREATE TABLE one (value INTEGER NOT NULL)"])
    private static let second = Migration(
        version: 2, name: "second",
        statements: ["CREATE TABLE two (value INTEGER NOT NULL)", "INSERT INTO one VALUES (2)"])

    @Test("a second run does nothing", arguments: StorageBackend.all)
    func twice(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database async throws in
            let storage = SQLBackend(database)
            let known = database.dialect.migrations.map(\.version)
            #expect(!known.isEmpty)
            #expect(try await storage.pendingMigrations().map(\.version) == known)
            #expect(try await storage.migrate().map(\.version) == known)
            #expect(try await storage.pendingMigrations().isEmpty)
            #expect(try await storage.migrate().isEmpty)
        }
    }

    @Test("listing the pending steps changes nothing", arguments: StorageBackend.all)
    func plan(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            _ = try await SQLBackend(database).pendingMigrations()
            let tables = try await database.read { [dialect = database.dialect] connection in
                try connection.query(dialect.tableNames, [])
            }
            #expect(tables.isEmpty)
        }
    }

    @Test("a newer program runs only the new steps", arguments: StorageBackend.all)
    func upgrade(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database async throws in
            #expect(try await Migrator(database, migrations: [Self.first]).migrate().map(\.version) == [1])
            let newer = Migrator(database, migrations: [Self.first, Self.second])
            #expect(try await newer.pending().map(\.version) == [2])
            #expect(try await newer.migrate().map(\.version) == [2])
        }
    }

    @Test("of eight programs that start at once, one runs each step", arguments: StorageBackend.all)
    func atOnce(_ backend: StorageBackend) async throws {
        try await backend.withFolder { folder in
            let runs = try await race(8) { _ in
                let database = try backend.open(folder)
                let run = try await SQLBackend(database).migrate().map(\.version)
                await database.close()
                return run
            }
            let database = try backend.open(folder)
            #expect(runs.flatMap(\.self).sorted() == database.dialect.migrations.map(\.version))
            await database.close()
        }
    }

    @Test("a schema newer than the program is refused", arguments: StorageBackend.all)
    func newer(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            _ = try await Migrator(database, migrations: [Self.first, Self.second]).migrate()
            let older = Migrator(database, migrations: [Self.first])
            await #expect(throws: StorageError.newerSchema(found: 2, known: 1)) { try await older.migrate() }
            await #expect(throws: StorageError.newerSchema(found: 2, known: 1)) { try await older.pending() }
        }
    }

    @Test("a changed step is refused", arguments: StorageBackend.all)
    func changed(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            _ = try await Migrator(database, migrations: [Self.first]).migrate()
            let edited = Migration(version: 1, name: "first", statements: ["CREATE TABLE other (value INTEGER)"])
            let migrator = Migrator(database, migrations: [edited, Self.second])
            await #expect(throws: StorageError.changedMigration(1)) { try await migrator.migrate() }
            await #expect(throws: StorageError.changedMigration(1)) { try await migrator.pending() }
        }
    }

    @Test("a step inserted between two completed ones is refused", arguments: StorageBackend.all)
    func between(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            let third = Migration(version: 3, name: "third", statements: [])
            _ = try await Migrator(database, migrations: [Self.first, third]).migrate()
            let migrator = Migrator(database, migrations: [Self.first, Self.second, third])
            await #expect(throws: StorageError.changedMigration(3)) { try await migrator.migrate() }
        }
    }

    @Test("a failed step is still pending, and those before it are done", arguments: StorageBackend.all)
    func failing(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database async throws in
            let broken = Migration(
                version: 2, name: "broken",
                statements: ["CREATE TABLE half (value INTEGER)", "INSERT INTO nothing VALUES (1)"])
            let migrator = Migrator(database, migrations: [Self.first, broken])
            await #expect(throws: RefusedStatement.self) { try await migrator.migrate() }
            #expect(try await migrator.pending().map(\.version) == [2])
            #expect(try await Migrator(database, migrations: [Self.first, Self.second]).migrate().count == 1)
        }
    }

    @Test("where the database can roll back schema changes, a failed step leaves nothing behind")
    func undone() async throws {
        try await StorageBackend.sqlite.withDatabase { database async throws in
            let broken = Migration(
                version: 1, name: "broken",
                statements: ["CREATE TABLE half (value INTEGER)", "INSERT INTO nothing VALUES (1)"])
            await #expect(throws: RefusedStatement.self) {
                try await Migrator(database, migrations: [broken]).migrate()
            }
            #expect(try await database.read { try $0.query(SQLDialect.sqlite.tableNames, []) }.isEmpty)
        }
    }

    @Test("tables of another program are left alone", arguments: StorageBackend.all)
    func foreign(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            try await database.transaction { _ = try $0.execute("CREATE TABLE theirs (value INTEGER)", []) }
            await #expect(throws: StorageError.foreignTables) { try await SQLBackend(database).migrate() }
            let tables = try await database.read { [dialect = database.dialect] connection in
                try connection.query(dialect.tableNames, []).map { try $0.text(0) }
            }
            #expect(tables == ["theirs"])
        }
    }
}
