import ArgumentParser
import IdentityProvider

/// `martlet client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "List, change and remove clients. To add one, apply a resource file.",
        subcommands: [List.self, Secret.self, Disable.self, Enable.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List clients by identifier.")
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
            abstract: "Give a client a new secret and print it: the only time that it is seen.",
            discussion: "Put it into the resource file that names the client, if any: applied again, the file counts.")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                let client = try await stores.client(client)
                guard client.usesSecret else {
                    throw Mistakes(["\(client.id) has no secret: it uses \(client.authenticationMethodName)"])
                }
                Terminal.say(try await administration.renewSecret(of: client))
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a client and revoke what was granted to it; servers follow within a second.")
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
            abstract: "Enable a client again. Tokens that were revoked stay revoked.")
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
            abstract: "Remove a client; all that was granted to it ends.")
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
