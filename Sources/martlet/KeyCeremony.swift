import FoundationEssentials
import IdentityProvider
import SQLStorage

/// Operations on the keys of all issuers that keep the master key file and the database in step. Only one runs at a
/// time. An interrupted operation can be run again, since the file always holds every master key that the database
/// needs.
struct KeyCeremony {
    private let configuration: Configuration
    private let file: MasterKeyFile

    /// Throws `Mistakes` for an invalid configuration.
    init(_ options: ConfigurationOptions) throws {
        configuration = try Configuration(options)
        file = MasterKeyFile(path: configuration.masterKeyFile)
    }

    /// Adds a new master key to the file, to be copied to all nodes. Returns the file's path.
    func add() async throws -> String {
        _ = try file.read()
        return try await file.whileLocked {
            try file.add()
            return file.path
        }
    }

    /// Wraps all data keys under the new master key. Returns its name.
    func rotate() async throws -> String {
        try await run { composition in
            try await requireAllIssuers(composition)
            if try file.read().names.count == 1 {
                guard !configuration.storage.isShared else {
                    throw Mistakes([
                        """
                        other nodes may use this database: run `martlet key master add`, copy \(file.path) to every \
                        node and restart each, then run this again
                        """
                    ])
                }
                try file.add()
            }
            let masterKeys = try file.read()
            for issuer in configuration.issuers { try await replacement(issuer, composition).wrap(under: masterKeys) }
            try await dropFormerKeys(composition, masterKeys)
            return masterKeys.names[0]
        }
    }

    /// Re-encrypts all data at rest. Returns the number of values.
    func reseal() async throws -> Int {
        try await run { composition in
            var count = 0
            for issuer in configuration.issuers { count += try await replacement(issuer, composition).reseal() }
            return count
        }
    }

    /// Replaces all keys. Passes each new client secret to `show` as soon as it is stored. Returns whether digests of
    /// client secrets made with an old key remain.
    func replaceEverything(
        withClientSecrets: Bool, after confirmation: Confirmation,
        show: (_ client: Identifier<Client>, _ secret: String) -> Void
    ) async throws -> Bool {
        try await run(after: confirmation) { composition in
            try await requireAllIssuers(composition)
            try file.add()
            let masterKeys = try file.read()
            for issuer in configuration.issuers {
                try await replacement(issuer, composition).replaceEverything(under: masterKeys)
                try await composition.provider(issuer).keyRotation.replaceAll()
            }
            try await dropFormerKeys(composition, masterKeys)
            var hasFormerDigests = false
            for issuer in configuration.issuers {
                if withClientSecrets { try await composition.administration(issuer).renewAllSecrets(show) }
                if try await replacement(issuer, composition).hasFormerDigests() { hasFormerDigests = true }
            }
            return hasFormerDigests
        }
    }

    /// Throws `Mistakes` if the database has an issuer that isn't configured: its data keys would stay wrapped under
    /// the old master key, which is removed at the end.
    private func requireAllIssuers(_ composition: Composition) async throws {
        let configured = Set(configuration.issuers.map(\.identifier))
        let others = try await composition.storage.issuers().filter { !configured.contains($0) }
        guard others.isEmpty else {
            throw Mistakes(
                others.map { "\($0) is in the database but not configured" }
                    + ["nothing was changed; add all issuers to the configuration and run this again"])
        }
    }

    /// Removes the old master keys from the file once no data key is wrapped under them.
    private func dropFormerKeys(_ composition: Composition, _ masterKeys: MasterKeys) async throws {
        let left = try await composition.storage.masterKeysInUse().filter { $0.masterKey != masterKeys.names[0] }
        guard left.isEmpty else {
            throw Mistakes(
                left.map { "data keys of \($0.issuer) are still wrapped under the master key \($0.masterKey)" }
                    + ["run this again to finish; the old master key stays in \(file.path) until then"])
        }
        try file.keepFirst(named: masterKeys.names[0])
    }

    private func replacement(_ issuer: Issuer, _ composition: Composition) throws -> KeyReplacement {
        KeyReplacement(
            try composition.vault(issuer), stores: composition.storage.stores(for: issuer),
            audit: try composition.auditLog(issuer))
    }

    private func run<Result>(
        after confirmation: Confirmation? = nil, _ work: (Composition) async throws -> Result
    ) async throws -> Result {
        try configuration.announce(after: confirmation)
        // Checked before the lock file is created, so that a wrong path leaves nothing behind.
        try configuration.storage.requireExisting()
        _ = try file.read()
        return try await file.whileLocked {
            try await Composition.open(configuration, for: .changing).run { composition in
                try await composition.prepare()
                for issuer in configuration.issuers { try await composition.requireKnown(issuer) }
                return try await work(composition)
            }
        }
    }
}
