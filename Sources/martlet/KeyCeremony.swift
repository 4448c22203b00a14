import FoundationEssentials
import IdentityProvider
import SQLStorage

/// What is done to the keys of all issuers at once, with the master key file and the database in step. Whatever is
/// interrupted can be run again: the file holds every master key that the database needs at each moment.
struct KeyCeremony {
    private let configuration: Configuration
    private let file: MasterKeyFile

    /// Throws `Mistakes`.
    init(_ options: ConfigurationOptions) throws {
        configuration = try Configuration(options)
        file = MasterKeyFile(path: configuration.masterKeyFile)
    }

    /// Returns the name of the new master key.
    func rotate() async throws -> String {
        if try file.read().names.count == 1 {
            guard !configuration.storage.isShared else {
                throw Mistakes([
                    """
                    other nodes may use this database: run `martlet key master add`, copy \(file.path) to every node and restart \
                    each, then run this again
                    """
                ])
            }
            return try await run { composition in
                try file.add()
                return try await wrap(composition)
            }
        }
        return try await run(wrap)
    }

    /// Returns how many values were sealed again.
    func reseal() async throws -> Int {
        try await run { composition in
            var count = 0
            for issuer in configuration.issuers { count += try await replacement(issuer, composition).reseal() }
            return count
        }
    }

    struct Report {
        var secrets: [(client: Identifier<Client>, text: String)] = []
        var hasFormerDigests = false
    }

    func replaceEverything(withClientSecrets: Bool) async throws -> Report {
        try await run { composition in
            try file.add()
            let masterKeys = try file.read()
            var report = Report()
            for issuer in configuration.issuers {
                let replacement = try replacement(issuer, composition)
                try await replacement.replaceEverything(under: masterKeys)
                try await composition.provider(issuer).keyRotation.replaceAll()
                if withClientSecrets {
                    report.secrets += try await composition.administration(issuer).renewAllSecrets()
                }
                report.hasFormerDigests = try await replacement.hasFormerDigests() || report.hasFormerDigests
            }
            try await dropFormerKeys(composition, masterKeys)
            return report
        }
    }

    private func wrap(_ composition: Composition) async throws -> String {
        let masterKeys = try file.read()
        for issuer in configuration.issuers { try await replacement(issuer, composition).wrap(under: masterKeys) }
        try await dropFormerKeys(composition, masterKeys)
        return masterKeys.names[0]
    }

    /// Leaves the new master key alone in the file, once no data key is wrapped under another.
    private func dropFormerKeys(_ composition: Composition, _ masterKeys: MasterKeys) async throws {
        let left = try await composition.storage.masterKeysInUse().filter { $0.masterKey != masterKeys.names[0] }
        guard left.isEmpty else {
            throw Mistakes(
                left.map {
                    "\($0.issuer) is not configured here, and its data keys need the former master key \($0.masterKey)"
                }
                    + [
                        "configure these issuers and run this again: the former master key stays in \(file.path) until then"
                    ])
        }
        try file.keepFirst()
    }

    private func replacement(_ issuer: Issuer, _ composition: Composition) throws -> KeyReplacement {
        KeyReplacement(try composition.vault(issuer), audit: try composition.auditLog(issuer))
    }

    private func run<Result>(_ work: (Composition) async throws -> Result) async throws -> Result {
        try await Composition(configuration, makesMasterKey: false).run { composition in
            try await composition.prepare()
            return try await work(composition)
        }
    }
}
