import SQLStorage
import ArgumentParser
import IdentityProvider

/// What the commands that change one thing of one issuer share.
struct IssuerOptions: ParsableArguments {
    @Option(name: .customLong("for"), help: "The issuer, when there are several.") var target: String?
    @OptionGroup var configuration: ConfigurationOptions

    /// Opens the storage, does the work and closes it.
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
