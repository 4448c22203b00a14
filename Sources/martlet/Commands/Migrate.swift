import ArgumentParser
import SQLStorage

/// `martlet migrate`.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the schema of the storage up to date.",
        discussion: "`martlet serve` does it, too; this command does it beforehand, or only says what is due.")

    @Flag(help: "Say what is due and change nothing; ends with 2 when something is.") var plan = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let isPending = try await Failure.reported {
            let composition = try Composition(try Configuration(options))
            let migrations =
                plan ? try await composition.storage.pendingMigrations() : try await composition.storage.migrate()
            for migration in migrations { Terminal.say("\(migration.version) \(migration.name)") }
            Terminal.say(
                migrations.isEmpty ? "The schema is up to date." : "\(migrations.count) \(plan ? "due" : "done").")
            await composition.storage.close()
            return plan && !migrations.isEmpty
        }
        if isPending { throw ExitCode(2) }
    }
}
