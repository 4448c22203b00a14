import ArgumentParser
import IdentityProvider

/// `martlet session`.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "End sessions.", subcommands: [End.self])

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a user out everywhere. Refresh tokens with offline_access stay valid.")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.endSessions(of: stores.user(username))
            }
            Terminal.say("Signed out.")
        }
    }
}
