package import FoundationEssentials

/// The stores of one issuer. A storage back end creates one set for each issuer.
package struct Stores: Sendable {
    package let clients: any ClientStore
    package let resourceServers: any ResourceServerStore
    package let users: any UserStore
    package let roles: any RoleStore
    package let groups: any GroupStore
    package let attributes: any AttributeStore
    package let upstreams: any UpstreamStore
    package let upstreamLinks: any UpstreamLinkStore
    package internal(set) var sessions: any SessionStore
    package let devices: any DeviceStore
    package let attempts: any AttemptStore
    package let consents: any ConsentStore
    package let authorizations: any AuthorizationStore
    package let pushedRequests: any PushedRequestStore
    package let deviceAuthorizations: any DeviceAuthorizationStore
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
    package let logoutNotices: any LogoutNoticeStore
    package let eventStreams: any EventStreamStore
    package let securityEvents: any SecurityEventStore
    package let upkeep: any StorageUpkeep

    package init(
        clients: any ClientStore, resourceServers: any ResourceServerStore, users: any UserStore,
        roles: any RoleStore, groups: any GroupStore, attributes: any AttributeStore,
        upstreams: any UpstreamStore, upstreamLinks: any UpstreamLinkStore, sessions: any SessionStore,
        devices: any DeviceStore, attempts: any AttemptStore, consents: any ConsentStore,
        authorizations: any AuthorizationStore, pushedRequests: any PushedRequestStore,
        deviceAuthorizations: any DeviceAuthorizationStore,
        totpCredentials: any TOTPCredentialStore, passkeys: any PasskeyStore,
        recoveryCodes: any RecoveryCodeStore, recoveries: any AccountRecoveryStore, keys: any KeyStore,
        dataKeys: any DataKeyStore,
        singleUse: any SingleUseStore, audit: any AuditStore, webhooks: any WebhookStore,
        logoutNotices: any LogoutNoticeStore, eventStreams: any EventStreamStore,
        securityEvents: any SecurityEventStore,
        mailOutbox: any MailOutbox, upkeep: any StorageUpkeep
    ) {
        self.clients = clients
        self.resourceServers = resourceServers
        self.users = users
        self.roles = roles
        self.groups = groups
        self.attributes = attributes
        self.upstreams = upstreams
        self.upstreamLinks = upstreamLinks
        self.sessions = sessions
        self.devices = devices
        self.attempts = attempts
        self.consents = consents
        self.authorizations = authorizations
        self.pushedRequests = pushedRequests
        self.deviceAuthorizations = deviceAuthorizations
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
        self.logoutNotices = logoutNotices
        self.eventStreams = eventStreams
        self.securityEvents = securityEvents
        self.upkeep = upkeep
    }
}

/// Storage operations for caches, health checks and maintenance.
package protocol StorageUpkeep: Sendable {
    /// Returns a version that increases whenever cached data (clients, resource servers, roles, groups, attributes,
    /// upstreams, event streams, keys) changes.
    /// It increases in the transaction of the change, whichever node or command makes it.
    func version() async throws -> Int
    /// Throws if the storage is unavailable.
    func check() async throws
    /// Removes rows that expired before `moment`, at most `limit` of each kind, and returns how many. Authorizations
    /// may be removed up to an hour later.
    func removeExpired(before moment: Date, limit: Int) async throws -> Int
}
