import FoundationEssentials

/// Brings a schema up to date. Each migration and its entry in `schema_migrations` run in one transaction if the
/// database supports transactional schema changes.
package struct Migrator: Sendable {
    private let database: any SQLDatabase
    private let migrations: [Migration]

    /// `migrations` defaults to those of the database's dialect.
    package init(_ database: any SQLDatabase, migrations: [Migration]? = nil) {
        self.database = database
        self.migrations = migrations ?? database.dialect.migrations
    }

    /// Returns the migrations to run. Throws `StorageError` if the database is newer than this program, was migrated by
    /// a different build, or belongs to another program.
    package func pending() async throws -> [Migration] {
        try await database.read(pending)
    }

    /// Throws `StorageError` unless the schema is the one of this program.
    package func requireCurrent() async throws {
        let pending = try await pending()
        guard !pending.isEmpty else { return }
        guard let applied = migrations.dropLast(pending.count).last else { throw StorageError.noSchema }
        throw StorageError.olderSchema(found: applied.version, known: migrations[migrations.count - 1].version)
    }

    /// Runs the pending migrations and returns those that this node recorded. If several nodes start at once, exactly
    /// one records each migration.
    package func migrate() async throws -> [Migration] {
        var done: [Migration] = []
        // Checked first so that nothing is written to an up-to-date database.
        while let next = try await pending().first {
            let isOurs = try await database.maintain { connection in try run(next, connection) }
            if isOurs { done.append(next) }
        }
        return done
    }

    /// Returns `false` if another node ran the migration first.
    private func run(_ migration: Migration, _ connection: any SQLConnection) throws -> Bool {
        guard try pending(connection).first?.version == migration.version else { return false }
        try connection.execute(Self.table, [])
        for statement in migration.statements { try connection.execute(statement, []) }
        return try connection.insertIfAbsent(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
            [.integer(migration.version), .text(migration.name), .text(migration.checksum), .date(Date())])
    }

    private func pending(_ connection: any SQLConnection) throws -> [Migration] {
        let tables = try connection.query(database.dialect.tableNames, []).map { try $0.text(0) }
        guard tables.contains("schema_migrations") else {
            guard tables.isEmpty else { throw StorageError.foreignTables }
            return migrations
        }
        let applied = try connection.query("SELECT version, checksum FROM schema_migrations ORDER BY version", [])
        let newest = try applied.last?.integer(0) ?? 0
        let known = migrations.last?.version ?? 0
        guard newest <= known else { throw StorageError.newerSchema(found: newest, known: known) }
        // The applied migrations must be a prefix of the known ones: a migration inserted between them would run too
        // late.
        for (row, migration) in zip(applied, migrations) {
            let version = try row.integer(0)
            guard version == migration.version, try row.text(1) == migration.checksum else {
                throw StorageError.changedMigration(version)
            }
        }
        return Array(migrations.dropFirst(applied.count))
    }

    private static let table: SQLStatement = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, checksum VARCHAR(255) NOT NULL,
            applied_at BIGINT NOT NULL)
        """
}
