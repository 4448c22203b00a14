/// The differences between the databases, apart from their schemas. Kept as small as possible.
package struct SQLDialect: Sendable {
    /// The value of `db.system.name` in OpenTelemetry.
    package let systemName: String
    /// A query for the names of all tables.
    package let tableNames: SQLStatement
    /// The schema's migrations, in order.
    package let migrations: [Migration]
    /// Returns the hint that makes a query use an index. A query planner can misjudge a table that has grown or shrunk
    /// a lot.
    let hint: @Sendable (_ index: SQLStatement) -> SQLStatement
}

extension SQLDialect {
    package static let sqlite = SQLDialect(
        systemName: "sqlite",
        tableNames: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
        migrations: Migration.sqlite, hint: { "INDEXED BY \($0)" })

    package static let mariaDB = SQLDialect(
        systemName: "mariadb",
        tableNames: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
        migrations: Migration.mariaDB, hint: { "FORCE INDEX (\($0))" })
}
