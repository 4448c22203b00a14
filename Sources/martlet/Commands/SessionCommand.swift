import ArgumentParser
import IdentityProvider
import SQLStorage

/// `martlet session`.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "End sessions.", subcommands: [End.self])

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a user out everywhere. Refresh tokens with offline_access stay valid.",
            discussion: "Example: martlet session end alice")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Sign \(username) out everywhere")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.endSessions(of: user)
                options.output.report("signed_out", user.reference, "Signed out.")
            }
        }
    }
}
