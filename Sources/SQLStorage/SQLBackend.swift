package import IdentityProvider

/// Storage in a relational database.
package struct SQLBackend: Sendable {
    let database: any SQLDatabase

    package init(_ database: any SQLDatabase) { self.database = database }

    package func migrate() async throws -> [Migration] { try await Migrator(database).migrate() }
    package func pendingMigrations() async throws -> [Migration] { try await Migrator(database).pending() }
    /// Throws `StorageError` unless the schema is the one of this program.
    package func requireCurrentSchema() async throws { try await Migrator(database).requireCurrent() }
    package func close() async { await database.close() }

    /// Returns the stores of one issuer. Every statement names the issuer, which isolates issuers from each other.
    package func stores(for issuer: Issuer) -> Stores {
        let table = SQLTable(database: database, issuer: issuer.identifier)
        return Stores(
            clients: SQLClients(table: table), resourceServers: SQLDocuments(resourceServers: table),
            users: SQLUsers(table: table), roles: SQLDocuments(roles: table), groups: SQLDocuments(groups: table),
            attributes: SQLDocuments(attributes: table), upstreams: SQLUpstreams(table: table),
            upstreamLinks: SQLUpstreamLinks(table: table),
            sessions: SQLSessions(table: table), devices: SQLDevices(table: table), attempts: SQLAttempts(table: table),
            consents: SQLConsents(table: table), authorizations: SQLAuthorizations(table: table),
            pushedRequests: SQLPushedRequests(table: table),
            deviceAuthorizations: SQLDeviceAuthorizations(table: table),
            totpCredentials: SQLTOTPCredentials(table: table), passkeys: SQLPasskeys(table: table),
            recoveryCodes: SQLRecoveryCodes(table: table), recoveries: SQLAccountRecoveries(table: table),
            keys: SQLKeys(table: table), dataKeys: SQLDataKeys(table: table), singleUse: SQLSingleUse(table: table),
            audit: SQLAudit(table: table),
            webhooks: SQLOutbox<WebhookDelivery>(table: table),
            logoutNotices: SQLOutbox<LogoutNotice>(table: table),
            eventStreams: SQLEventStreams(table: table),
            securityEvents: SQLOutbox<SecurityEvent>(table: table),
            mailOutbox: SQLOutbox<WaitingMail>(table: table),
            upkeep: SQLUpkeep(table: table))
    }
}
