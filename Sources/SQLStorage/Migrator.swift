import FoundationEssentials

/// Brings a schema up to date: each step with its entry in `schema_migrations` in one transaction.
struct Migrator: Sendable {
    let database: any SQLDatabase
    let migrations: [Migration]

    /// The steps that are due. Throws when the database is newer than the program or another build's.
    func pending() async throws -> [Migration] {
        try await database.read { connection in try Self.pending(connection, migrations) }
    }

    /// Runs what is due and returns it. Of several nodes that start at once each step runs on one.
    func migrate() async throws -> [Migration] {
        try await database.transaction { connection in
            try connection.execute(Self.table, [])
            let due = try Self.pending(connection, migrations)
            for migration in due {
                for statement in migration.statements { try connection.execute(statement, []) }
                try connection.execute(
                    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
                    [
                        .integer(migration.version), .text(migration.name), .text(migration.checksum), .date(Date()),
                    ])
            }
            return due
        }
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
            applied_at INTEGER NOT NULL) STRICT
        """

    private static func pending(_ connection: any SQLConnection, _ migrations: [Migration]) throws -> [Migration] {
        let exists = try connection.query(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'", [])
        guard !exists.isEmpty else { return migrations }
        let applied = try connection.query("SELECT version, checksum FROM schema_migrations ORDER BY version", [])
        let known = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0) })
        for row in applied {
            let version = try row.integer(0)
            guard let migration = known[version] else {
                throw StorageError.newerSchema(found: version, known: migrations.last?.version ?? 0)
            }
            guard try row.text(1) == migration.checksum else { throw StorageError.changedMigration(version) }
        }
        let done = Set(try applied.map { try $0.integer(0) })
        return migrations.filter { !done.contains($0.version) }
    }
}
