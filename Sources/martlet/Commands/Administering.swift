import SQLStorage
import ArgumentParser
import IdentityProvider

/// The options shared by all commands that act on one issuer.
struct IssuerOptions: ParsableArguments {
    @Option(name: .customLong("for"), help: "The issuer to act on. Defaults to the first configured issuer.")
    var target: String?
    @OptionGroup var configuration: ConfigurationOptions

    /// Opens and prepares the storage, runs `work`, and closes the storage.
    func administer<Result>(_ work: (Administration, Stores, Provider) async throws -> Result) async throws -> Result {
        try await Failure.reported {
            try await Composition(try Configuration(configuration)).run { composition in
                try await composition.prepare()
                let issuer = try composition.issuer(named: target)
                return try await work(
                    composition.administration(issuer), composition.storage.stores(for: issuer),
                    composition.provider(issuer))
            }
        }
    }
}
