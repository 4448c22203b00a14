package import FoundationEssentials

/// The parts that all topics of an issuer share. Topics take the whole core; endpoints keep only the values they use.
package struct Core: Sendable {
    package let settings: Settings
    let stores: Stores
    let vault: KeyVault
    let sealer: Sealer
    let digester: SecretDigester
    let clients: CachedClients
    let resources: CachedResourceServers
    let entitlements: CachedEntitlements
    let attributes: CachedAttributes
    let upstreams: CachedUpstreams
    let eventStreams: CachedEventStreams
    let keys: KeyRing
    let passwords: PasswordFactor
    let limiter: RateLimiter
    let audit: AuditLog
    /// `nil` if this process sends no mail.
    let mailer: (any Mailer)?
    /// Whether mail is queued. A server with a mailer sends what is queued.
    let sendsMail: Bool
    let geolocator: any Geolocator
    /// Sends requests to upstreams.
    let fetcher: any Fetcher
    let now: @Sendable () -> Date

    var issuer: Issuer { settings.issuer }

    /// Whether anyone can create an account on the sign-up page.
    var hasSignUpPage: Bool { settings.signUp == .open && sendsMail }

    /// `sendsMail` defaults to whether there is a mailer. Commands without a mailer queue mail for a running server.
    package init(
        settings: Settings, stores: Stores, vault: KeyVault, passwords: PasswordFactor, limiter: RateLimiter,
        audit: AuditLog, mailer: (any Mailer)? = nil, sendsMail: Bool? = nil, geolocator: (any Geolocator)? = nil,
        fetcher: any Fetcher, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.settings = settings
        self.stores = stores.endingSessions(
            unusedFor: settings.lifetimes.sessionIdle, audit: audit, now: now)
        self.vault = vault
        self.passwords = passwords
        self.limiter = limiter
        self.audit = audit
        self.mailer = mailer
        self.sendsMail = sendsMail ?? (mailer != nil)
        self.geolocator = geolocator ?? NoGeolocation()
        self.fetcher = fetcher
        self.now = now
        sealer = Sealer(vault)
        digester = SecretDigester(vault)
        clients = CachedClients(
            stores.clients, hiding: settings.hasBuiltInClient ? nil : FirstPartyClients.builtIn, now: now)
        resources = CachedResourceServers(stores.resourceServers, now: now)
        entitlements = CachedEntitlements(roles: stores.roles, groups: stores.groups, now: now)
        attributes = CachedAttributes(stores.attributes, now: now)
        upstreams = CachedUpstreams(stores.upstreams, now: now)
        eventStreams = CachedEventStreams(stores.eventStreams, now: now)
        keys = KeyRing(issuer: settings.issuer, store: stores.keys, sealer: sealer, now: now)
    }
}
