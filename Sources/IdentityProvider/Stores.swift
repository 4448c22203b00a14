package import FoundationEssentials

/// Where one issuer keeps its state. A back end makes one for each issuer.
package struct Stores: Sendable {
    package let clients: any ClientStore
    package let resourceServers: any ResourceServerStore
    package let users: any UserStore
    package let roles: any RoleStore
    package let groups: any GroupStore
    package internal(set) var sessions: any SessionStore
    package let devices: any DeviceStore
    package let attempts: any AttemptStore
    package let consents: any ConsentStore
    package let authorizations: any AuthorizationStore
    package let totpCredentials: any TOTPCredentialStore
    package let passkeys: any PasskeyStore
    package let recoveryCodes: any RecoveryCodeStore
    package let recoveries: any AccountRecoveryStore
    package let keys: any KeyStore
    package let dataKeys: any DataKeyStore
    package let singleUse: any SingleUseStore
    package let mailOutbox: any MailOutbox
    package let audit: any AuditStore
    package let webhooks: any WebhookStore
    package let upkeep: any StorageUpkeep

    package init(
        clients: any ClientStore, resourceServers: any ResourceServerStore, users: any UserStore,
        roles: any RoleStore, groups: any GroupStore, sessions: any SessionStore, devices: any DeviceStore,
        attempts: any AttemptStore, consents: any ConsentStore, authorizations: any AuthorizationStore,
        totpCredentials: any TOTPCredentialStore, passkeys: any PasskeyStore,
        recoveryCodes: any RecoveryCodeStore, recoveries: any AccountRecoveryStore, keys: any KeyStore,
        dataKeys: any DataKeyStore,
        singleUse: any SingleUseStore, audit: any AuditStore, webhooks: any WebhookStore,
        mailOutbox: any MailOutbox, upkeep: any StorageUpkeep
    ) {
        self.clients = clients
        self.resourceServers = resourceServers
        self.users = users
        self.roles = roles
        self.groups = groups
        self.sessions = sessions
        self.devices = devices
        self.attempts = attempts
        self.consents = consents
        self.authorizations = authorizations
        self.totpCredentials = totpCredentials
        self.passkeys = passkeys
        self.recoveryCodes = recoveryCodes
        self.recoveries = recoveries
        self.keys = keys
        self.dataKeys = dataKeys
        self.singleUse = singleUse
        self.mailOutbox = mailOutbox
        self.audit = audit
        self.webhooks = webhooks
        self.upkeep = upkeep
    }
}

/// What caches, health and maintenance ask of the storage as a whole.
package protocol StorageUpkeep: Sendable {
    /// Grows with every change of what is cached (clients, resource servers, roles, groups, keys), whichever node or command
    /// makes it, in the transaction that makes it.
    func version() async throws -> Int
    /// Throws when the storage cannot answer.
    func check() async throws
    /// Removes at most `limit` rows of each kind that expired before `moment`, authorizations up to an hour later; returns
    /// how many went.
    func removeExpired(before moment: Date, limit: Int) async throws -> Int
}
