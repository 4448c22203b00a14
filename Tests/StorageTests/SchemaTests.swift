import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("One schema in two dialects, compatible with the previous version")
struct SchemaTests {
    /// Returns what `read` finds in a new database of each kind.
    private func inBoth<Value>(_ read: (SchemaReader) async throws -> Value) async throws -> (Value, Value) {
        var values: [Value] = []
        for backend in StorageBackend.all {
            try await backend.withDatabase { database in
                _ = try await SQLBackend(database).migrate()
                values.append(try await read(SchemaReader(database)))
            }
        }
        return (values[0], values[1])
    }

    @Test("the tables have the same columns, of the same kinds")
    func columns() async throws {
        let (sqlite, mariaDB) = try await inBoth { try await $0.columns() }
        #expect(sqlite.count > 60)
        #expect(sqlite.symmetricDifference(mariaDB).isEmpty)
    }

    @Test("the tables have the same keys and indexes")
    func indexes() async throws {
        let (sqlite, mariaDB) = try await inBoth { try await $0.indexes() }
        #expect(sqlite.count > 20)
        #expect(sqlite.symmetricDifference(mariaDB).isEmpty)
    }

    @Test("the tables have the same foreign keys")
    func references() async throws {
        let (sqlite, mariaDB) = try await inBoth { try await $0.references() }
        #expect(sqlite.count >= 9)
        #expect(sqlite.symmetricDifference(mariaDB).isEmpty)
        #expect(sqlite.allSatisfy { $0.onDelete == "CASCADE" })
    }

    @Test("the steps have the same numbers and names")
    func steps() {
        let (sqlite, mariaDB) = (SQLDialect.sqlite.migrations, SQLDialect.mariaDB.migrations)
        #expect(sqlite.map(\.version) == Array(1...sqlite.count))
        #expect(sqlite.map(\.name) == mariaDB.map(\.name))
        #expect(sqlite.map(\.version) == mariaDB.map(\.version))
    }

    @Test("an interrupted MariaDB step can run again")
    func again() async throws {
        try await StorageBackend.mariaDB.withDatabase { database in
            let migrations = database.dialect.migrations
            try await database.maintain { connection in
                for migration in migrations {
                    for _ in 0..<2 {
                        for statement in migration.statements { try connection.execute(statement, []) }
                    }
                }
            }
        }
    }
}
