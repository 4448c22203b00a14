import ArgumentParser
import JOSE
import SQLStorage

/// `martlet migrate`.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Migrate the database schema to this version.",
        discussion: """
            `martlet serve` also migrates the schema when it starts. Use this command to migrate ahead of time, or \
            with --plan to see which migrations are pending. On an empty database it also creates the first keys.

            See what is pending:    martlet migrate --plan
            Migrate:                martlet migrate
            """)

    @Flag(help: "Show pending migrations without running them. Exits with 2 if there are any.") var plan = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let isPending = try await Failure.reported {
            let configuration = try Configuration(options)
            try configuration.announce()
            return try await Composition.open(configuration, for: plan ? .reading : .creating).run { composition in
                let storage = composition.storage
                let migrations = plan ? try await storage.pendingMigrations() : try await storage.migrate()
                report(migrations)
                // Later issuers are created by the server or `apply`, so that migrating another installation's
                // database without its configuration adds none.
                if !plan, try await storage.issuers().isEmpty { try await composition.prepare() }
                return plan && !migrations.isEmpty
            }
        }
        if isPending { throw ExitCode(2) }
    }

    private func report(_ migrations: [Migration]) {
        let sentence =
            migrations.isEmpty ? "The schema is up to date." : "\(migrations.count) \(plan ? "pending" : "done")."
        output.report(
            plan ? "planned" : "migrated",
            [
                "migrations": .array(
                    migrations.map { ["version": .integer($0.version), "name": .string($0.name)] })
            ],
            (migrations.map { "\($0.version) \($0.name)" } + [sentence]).joined(separator: "\n"))
    }
}
