import ArgumentParser
import FoundationEssentials
import IdentityProvider
import SQLStorage

/// The options shared by all commands that act on one issuer.
///
/// A command passes what it does with the storage, and prints its result with `output`, as text or JSON. One that
/// destroys something also has `ConfirmationOptions` and passes `after: confirmation.before("Remove the role editor")`.
///
///     @OptionGroup var options: IssuerOptions
///
///     func run() async throws {
///         try await options.administer(.reading) { _, stores, _ in
///             var listing = options.output.listing(["name", "permissions"])
///             listing.add(try await stores.roles.all().map(\.document))
///             listing.end()
///         }
///     }
///
///     func run() async throws {
///         try await options.administer(.changing) { administration, stores, _ in
///             let user = try await stores.user(username)
///             try await administration.setDisabled(false, user)
///             options.output.report("enabled", user.reference, "Enabled.")
///         }
///     }
struct IssuerOptions: ParsableArguments {
    @Option(name: .customLong("for"), help: "The issuer to act on. Defaults to the first configured issuer.")
    var target: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var configuration: ConfigurationOptions

    /// Opens the storage for `access`, runs `work` for an issuer that the storage knows, and closes the storage. Says
    /// on standard error which issuer and storage that is, then asks for the confirmation, if any.
    func administer<Result>(
        _ access: StorageAccess, after confirmation: Confirmation? = nil,
        _ work: (Administration, Stores, Provider) async throws -> Result
    ) async throws -> Result {
        try await Failure.reported {
            let configuration = try Configuration(configuration)
            let issuer = try configuration.issuer(named: target)
            try configuration.announce([issuer], after: confirmation)
            return try await Composition.open(configuration, for: access).run { composition in
                try await composition.prepare()
                try await composition.requireKnown(issuer)
                let provider = try composition.provider(issuer)
                let stores = composition.storage.stores(for: issuer)
                    .endingSessions(
                        unusedFor: provider.settings.lifetimes.sessionIdle,
                        audit: access == .reading ? nil : try composition.auditLog(issuer), now: Date.init)
                return try await work(composition.administration(issuer), stores, provider)
            }
        }
    }
}

extension Configuration {
    /// Says on standard error which issuers and storage a command uses, then asks for the confirmation, if any.
    func announce(_ issuers: [Issuer]? = nil, after confirmation: Confirmation? = nil) throws {
        Terminal.complain([summary(of: issuers ?? self.issuers)])
        try confirmation?.require()
    }
}
