import Authenticators
import FoundationEssentials
import IdentityProvider
import Logging
import Outbound
import SQLStorage
import Server

/// The parts of the program, assembled from a configuration. Every command uses one.
struct Composition {
    let configuration: Configuration
    let storage: SQLBackend
    let masterKeys: MasterKeys
    let access: StorageAccess
    private let vaults: [Issuer: KeyVault]
    let passwords: [Issuer: PasswordFactor]
    private let limiter = RateLimiter()
    let fetcher = GuardedFetcher()
    private let audit: [Issuer: AuditLog]

    /// Opens the storage and reads the master key. Throws `StorageError` or `Mistakes`.
    ///
    /// With SQLite and `.creating`, creates both for a new installation; nodes that share a database server must be
    /// given the same key. A command that fills the database with existing data brings the key along, so it passes
    /// `false` for `makesMasterKey`.
    static func open(
        _ configuration: Configuration, for access: StorageAccess, makesMasterKey: Bool = true
    ) async throws -> Composition {
        let masterKeyFile = MasterKeyFile(path: configuration.masterKeyFile)
        switch (access, configuration.storage) {
        case (.creating, .sqlite(let path)):
            do { try PrivateFile.makeDirectory(of: path) } catch { throw StorageError.cannotOpen(path) }
            if makesMasterKey { try await masterKeyFile.make(forNew: path) }
        case (.creating, .mariaDB): break
        // Reported before a missing master key, which it explains.
        case (.reading, _), (.recordedReading, _), (.changing, _): try configuration.storage.requireExisting()
        }
        return try Composition(configuration, for: access, masterKeyFile)
    }

    private init(_ configuration: Configuration, for access: StorageAccess, _ masterKeyFile: MasterKeyFile) throws {
        self.configuration = configuration
        self.access = access
        masterKeys = try masterKeyFile.read()
        let storage = SQLBackend(try configuration.storage.open(for: access))
        // Hashing uses at most half of the cores, so that tokens are still issued while many users sign in.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let gate = PasswordGate(width: max(1, cores / 2), queueLimit: 32 * cores)
        passwords = Dictionary(
            uniqueKeysWithValues: configuration.issuers.map { issuer in
                let users = storage.stores(for: issuer).users
                return (issuer, PasswordFactor(users: users, gate: gate, parameters: Argon2Parameters()))
            })
        let (keys, lifetimes) = (masterKeys, configuration.settings.lifetimes)
        let vaults = Dictionary(
            uniqueKeysWithValues: configuration.issuers.map { issuer in
                let store = storage.stores(for: issuer).dataKeys
                return (
                    issuer,
                    KeyVault(
                        issuer, store: store, masterKeys: keys, lifetimes: lifetimes,
                        rereading: { try masterKeyFile.read() })
                )
            })
        self.vaults = vaults
        let settings = configuration.audit
        let copy = access == .reading ? nil : try configuration.auditFile.map(AuditFile.init)
        audit = Dictionary(
            uniqueKeysWithValues: vaults.map { issuer, vault in
                let store = storage.stores(for: issuer).audit
                return (issuer, AuditLog(store: store, vault: vault, settings: settings, copy: copy?.write))
            })
        self.storage = storage
    }

    /// Runs a command's work with the operating system account as the audit actor, then closes the storage.
    func run<Result>(_ work: (Composition) async throws -> Result) async throws -> Result {
        try await closing { try await RequestContext.acting(as: .commandLine(Account.name)) { try await work(self) } }
    }

    /// Runs `work`, then closes the storage, even if `work` throws.
    func closing<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            let result = try await work()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    /// Flushes the audit logs and closes the storage.
    func close() async {
        for log in audit.values { await log.close() }
        await storage.close()
    }

    /// Returns the service that delivers the issuer's webhooks, or `nil` if none are configured.
    func webhookService(_ issuer: Issuer) -> WebhookService? {
        configuration.webhooks.map { webhooks in
            WebhookService(
                issuer: issuer, store: storage.stores(for: issuer).webhooks, urls: webhooks.settings.urls,
                sender: WebhookClient(fetcher, allowsPrivate: webhooks.allowsPrivate),
                signature: WebhookSignature(secret: webhooks.secret))
        }
    }

    /// Returns the issuer's audit log. Throws `Mistakes` for an issuer that is not configured.
    func auditLog(_ issuer: Issuer) throws -> AuditLog {
        guard let log = audit[issuer] else { throw Mistakes(["\(issuer.identifier) is not configured"]) }
        return log
    }

    /// Returns the issuer's data keys. Throws `Mistakes` for an issuer that is not configured.
    func vault(_ issuer: Issuer) throws -> KeyVault {
        guard let vault = vaults[issuer] else { throw Mistakes(["\(issuer.identifier) is not configured"]) }
        return vault
    }

    /// Makes the storage ready for use. With `.creating`, migrates the schema and creates the first keys. Otherwise
    /// requires the current schema, and leaves out issuers that the storage doesn't know.
    ///
    /// Unless `addsDefault`, throws `Mistakes` instead of adding the default issuer, which nobody named, to the issuers
    /// of another configuration.
    func prepare(addsDefault: Bool = true) async throws {
        guard access == .creating else { return try await load() }
        for migration in try await storage.migrate() {
            Logger.current.info("schema migrated", metadata: ["version": "\(migration.version)"])
        }
        try await noteNewIssuers(addsDefault: addsDefault)
        for issuer in configuration.issuers { try await provider(issuer).keyRotation.run() }
    }

    private func noteNewIssuers(addsDefault: Bool) async throws {
        let known = try await storage.issuers()
        let new = configuration.issuers.map(\.identifier).filter { !known.contains($0) }
        guard !known.isEmpty, !new.isEmpty else { return }
        let (first, others) = (configuration.issuers[0].identifier, known.joined(separator: ", "))
        guard addsDefault || configuration.namesIssuer || !new.contains(first) else {
            throw Mistakes([
                """
                \(configuration.storage) has no issuer \(first), only \(others); name the configuration file with \
                --config, or add --issuer \(first) to create that issuer
                """
            ])
        }
        Logger.current.warning(
            "new issuers are added to a storage that has others",
            metadata: ["issuers": "\(new.joined(separator: " "))", "others": "\(others)"])
    }

    private func load() async throws {
        try await storage.requireCurrentSchema()
        for issuer in try await knownIssuers() {
            if access == .changing {
                try await provider(issuer).keyRotation.run()
            } else {
                try await vault(issuer).load()
            }
        }
    }

    /// Returns the configured issuers that the storage knows.
    func knownIssuers() async throws -> [Issuer] {
        let known = Set(try await storage.issuers())
        return configuration.issuers.filter { known.contains($0.identifier) }
    }

    /// Throws `Mistakes` if the storage doesn't know the issuer: the configuration belongs to another storage, or the
    /// command was run without its configuration.
    func requireKnown(_ issuer: Issuer) async throws {
        let known = try await storage.issuers()
        guard access != .creating, !known.contains(issuer.identifier) else { return }
        guard !known.isEmpty else {
            throw Mistakes([
                "\(configuration.storage) has no issuer yet; `martlet serve` or `martlet migrate` creates it"
            ])
        }
        throw Mistakes([
            """
            \(configuration.storage) has no issuer \(issuer.identifier), only \(known.joined(separator: ", ")); name the \
            configuration file with --config, or correct `issuer`; `martlet serve` or `martlet apply` creates a new issuer
            """
        ])
    }

    /// Assembles the issuer's provider. Without `pages`, which render mail, it can queue mail but not send it.
    func provider(_ issuer: Issuer, pages: PageRenderer? = nil) throws -> Provider {
        Provider(try core(issuer, pages: pages))
    }

    func administration(_ issuer: Issuer) throws -> Administration { Administration(try core(issuer)) }

    private func core(_ issuer: Issuer, pages: PageRenderer? = nil) throws -> Core {
        var mailer: (any Mailer)?
        if let mail = configuration.mail, let pages { mailer = try LetterPost(mail, issuer: issuer, pages: pages) }
        return Core(
            settings: configuration.settings(for: issuer), stores: storage.stores(for: issuer),
            vault: try vault(issuer), passwords: try passwordFactor(issuer), limiter: limiter,
            audit: try auditLog(issuer), mailer: mailer, sendsMail: configuration.mail != nil,
            geolocator: configuration.geolocator, fetcher: fetcher)
    }

    private func passwordFactor(_ issuer: Issuer) throws -> PasswordFactor {
        guard let factor = passwords[issuer] else { throw Mistakes(["\(issuer.identifier) is not configured"]) }
        return factor
    }
}
