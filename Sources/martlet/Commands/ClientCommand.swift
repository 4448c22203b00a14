import ArgumentParser
import IdentityProvider

/// `martlet client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "List, change and remove clients. To add one, use `martlet apply`.",
        subcommands: [List.self, Secret.self, Disable.self, Enable.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List clients: client_id, name, authentication method, and state.")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                for client in try await stores.clients.all() {
                    let state = client.isDisabled ? "disabled" : "enabled"
                    Terminal.say(
                        [client.id.rawValue, client.name, client.authenticationMethodName, state]
                            .joined(separator: "\t"))
                }
            }
        }
    }

    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a client's secret and print the new one. It can't be shown again.",
            discussion: """
                If a resource file defines the client, update its client_secret there: applying the file again sets \
                the secret to the one in the file.
                """)
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                let client = try await stores.client(client)
                guard client.usesSecret else {
                    throw Mistakes([
                        "client \(client.id) has no secret; it authenticates with \(client.authenticationMethodName)"
                    ])
                }
                Terminal.say(try await administration.renewSecret(of: client))
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a client and revoke its tokens. Running servers follow within a second.")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.setDisabled(true, stores.client(client))
            }
            Terminal.say("Disabled.")
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enable a disabled client. Revoked tokens stay revoked.")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.setDisabled(false, stores.client(client))
            }
            Terminal.say("Enabled.")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a client and revoke its tokens.")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.remove(stores.client(client))
            }
            Terminal.say("Removed.")
        }
    }
}
