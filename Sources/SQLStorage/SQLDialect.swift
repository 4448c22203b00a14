/// Where the databases differ, besides their schema: as little as possible.
package struct SQLDialect: Sendable {
    /// As OpenTelemetry names it in `db.system.name`.
    package let systemName: String
    /// Lists the names of all tables.
    package let tableNames: SQLStatement
    /// The steps of the schema, in order.
    package let migrations: [Migration]
    /// Takes an issuer, a moment in milliseconds and a limit: what of each table expired, the oldest first.
    let removals: [Removal]

    struct Removal: Sendable {
        /// As the spans name it.
        let name: String
        let statement: SQLStatement
    }
}

extension SQLDialect {
    package static let sqlite = SQLDialect(
        systemName: "sqlite",
        tableNames: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
        migrations: Migration.sqlite,
        removals: [
            Removal(
                name: "sessions.remove_expired",
                statement: """
                    DELETE FROM sessions WHERE issuer = ?1 AND id IN (
                        SELECT id FROM sessions WHERE issuer = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)
                    """),
            Removal(
                name: "authorizations.remove_expired",
                statement: """
                    DELETE FROM authorizations WHERE issuer = ?1 AND id IN (
                        SELECT id FROM authorizations WHERE issuer = ?1 AND expires_at <= ?2
                        ORDER BY expires_at LIMIT ?3)
                    """),
            Removal(
                name: "spent.remove_expired",
                statement: """
                    DELETE FROM spent WHERE issuer = ?1 AND (purpose, value) IN (
                        SELECT purpose, value FROM spent WHERE issuer = ?1 AND expires_at <= ?2
                        ORDER BY expires_at LIMIT ?3)
                    """),
        ])

    package static let mariaDB = SQLDialect(
        systemName: "mariadb",
        tableNames: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
        migrations: Migration.mariaDB,
        removals: [
            Removal(
                name: "sessions.remove_expired",
                statement: "DELETE FROM sessions WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?"),
            Removal(
                name: "authorizations.remove_expired",
                statement: """
                    DELETE FROM authorizations WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?
                    """),
            Removal(
                name: "spent.remove_expired",
                statement: "DELETE FROM spent WHERE issuer = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?"),
        ])
}
