import ArgumentParser
import SQLStorage

/// `martlet migrate`.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Migrate the database schema to this version.",
        discussion: """
            `martlet serve` also migrates the schema when it starts. Use this command to migrate ahead of time, or \
            with --plan to see which migrations are pending.
            """)

    @Flag(help: "Show pending migrations without running them. Exits with 2 if there are any.") var plan = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let isPending = try await Failure.reported {
            let composition = try Composition(try Configuration(options))
            let migrations =
                plan ? try await composition.storage.pendingMigrations() : try await composition.storage.migrate()
            for migration in migrations { Terminal.say("\(migration.version) \(migration.name)") }
            Terminal.say(
                migrations.isEmpty ? "The schema is up to date." : "\(migrations.count) \(plan ? "pending" : "done").")
            await composition.storage.close()
            return plan && !migrations.isEmpty
        }
        if isPending { throw ExitCode(2) }
    }
}
