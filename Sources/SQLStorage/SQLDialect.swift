/// Where the databases differ, besides their schema: as little as possible.
package struct SQLDialect: Sendable {
    /// As OpenTelemetry names it in `db.system.name`.
    package let systemName: String
    /// Lists the names of all tables.
    package let tableNames: SQLStatement
    /// The steps of the schema, in order.
    package let migrations: [Migration]
    /// How a query is told to use the index on expiry of a table: what an engine guesses of a table that grew or shrank
    /// a lot may be wrong.
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
