/// Where the databases differ, besides their schema: as little as possible.
package struct SQLDialect: Sendable {
    /// As OpenTelemetry names it in `db.system.name`.
    package let systemName: String
    /// Lists the names of all tables.
    package let tableNames: SQLStatement
    /// The steps of the schema, in order.
    package let migrations: [Migration]
}

extension SQLDialect {
    package static let sqlite = SQLDialect(
        systemName: "sqlite",
        tableNames: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
        migrations: Migration.sqlite)
}
