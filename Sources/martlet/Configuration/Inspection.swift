import FoundationEssentials
import IdentityProvider
import SQLStorage
import Server

/// Collects everything that is wrong or doubtful about a configuration and its resource files. Changes nothing.
struct Inspection {
    private(set) var errors: [String] = []
    /// What works but is probably not meant.
    private(set) var notes: [String] = []
    /// What the next start will do to the database.
    private(set) var plans: [String] = []
    /// What stands between each client and OAuth 2.1, RFC 9700 and FAPI 2.0.
    private(set) var profiles: [ProfileReport] = []
    /// Why the storage can't be used now. Not a mistake in a file.
    private(set) var storageErrors: [String] = []

    init(_ options: ConfigurationOptions, resources paths: [String], target: String? = nil) async {
        let configuration = Configuration(drafting: options)
        errors += configuration.mistakes
        inspect(configuration)
        let files = ResourceFiles(paths)
        let names = await inspectStorage(of: target, configuration)
        errors += files.mistakes
        profiles = files.profileReports
        notes += files.warnings(besides: names ?? ResourceNames(), under: configuration.settings)
    }

    /// Inspects the files that settings name.
    private mutating func inspect(_ configuration: Configuration) {
        do throws(InvalidTemplate) {
            _ = try PageRenderer(name: configuration.settings.name, overrides: configuration.templates)
        } catch { errors.append("templates: \(error.file): \(error.reason)") }
        if let tls = configuration.tls {
            do throws(InvalidCertificate) { inspect(try tls.check(), of: tls) } catch {
                errors.append("tls: \(error.file): \(error.reason)")
            }
        }
        if let authorities = configuration.mutualTLS?.authorities { inspect(authorities) }
    }

    private mutating func inspect(_ authorities: ClientAuthorityFile) {
        let days = Self.days(until: authorities.expiry)
        guard days < 14 else { return }
        let state = days < 0 ? "has expired" : "expires in less than \(days + 1) days"
        notes.append("\(Setting.tlsMutualClientCA.rawValue): an authority in \(authorities.path) \(state)")
    }

    private static func days(until moment: Date) -> Int { Int((moment.timeIntervalSinceNow / 86_400).rounded(.down)) }

    private mutating func inspect(_ expiry: Date, of tls: ServerSettings.TLS) {
        let days = Self.days(until: expiry)
        if days < 0 { errors.append("tls.certificate: \(tls.certificate) has expired") }
        if (0..<14).contains(days) {
            notes.append("tls.certificate: \(tls.certificate) expires in less than \(days + 1) days")
        }
    }

    /// Returns the names of the resources of an issuer, or `nil` if the storage has none yet or can't be used.
    private mutating func inspectStorage(of target: String?, _ configuration: Configuration) async -> ResourceNames? {
        // An invalid setting is reported already.
        if configuration.issuers.isEmpty || configuration.storage.description == "sqlite:" { return nil }
        do {
            let issuer = try configuration.issuer(named: target)
            return try await Composition.open(configuration, for: .reading).run { composition in
                try await composition.prepare()
                let known = try await composition.storage.issuers()
                guard known.contains(issuer.identifier) else {
                    if !known.isEmpty, errors.isEmpty {
                        notes.append(
                            "issuer: the database has \(known.joined(separator: " and ")); the next start adds "
                                + issuer.identifier)
                    }
                    return nil
                }
                return try await composition.administration(issuer).resourceNames()
            }
        } catch let error as StorageError {
            switch error {
            case .missing, .noSchema:
                plans.append("storage: \(configuration.storage) is empty; the first start fills it")
            case .olderSchema(let found, let known):
                plans.append("storage: the next start migrates the schema from version \(found) to \(known)")
            default: storageErrors.append("storage: \(error)")
            }
        } catch let error as Mistakes {
            errors += error.lines
        } catch is NotOurs {
            errors.append("master_key_file: this key does not open the stored data")
        } catch { storageErrors.append("storage: \(error)") }
        return nil
    }
}
