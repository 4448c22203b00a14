import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "List, show, add, change and remove clients.",
        subcommands: [List.self, Show.self, Add.self, Secret.self, Disable.self, Enable.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List clients with their authentication method and state.",
            discussion: "Example: martlet client list --output json")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                var listing = options.output.listing([
                    "client_id", "client_name", "token_endpoint_auth_method", "disabled",
                ])
                listing.add(try await stores.clients.all().map(\.summary))
                listing.end()
            }
        }
    }

    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a client's secret and print the new one. It can't be shown again.",
            discussion: """
                If a resource file defines the client, update its client_secret there: applying the file again sets \
                the secret to the one in the file.

                martlet client secret shop
                """)
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Replace the secret of \(client), which stops working at once")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let client = try await stores.client(client)
                guard client.usesSecret else {
                    throw Mistakes([
                        "client \(client.id) has no secret; it authenticates with \(client.authenticationMethodName)"
                    ])
                }
                let secret = try await administration.renewSecret(of: client)
                var document = client.reference
                document["client_secret"] = .string(secret)
                options.output.report("secret_replaced", document, secret)
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a client and revoke its tokens. Running servers follow within a second.",
            discussion: "Example: martlet client disable shop")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let client = try await stores.client(client)
                try await administration.setDisabled(true, client)
                options.output.report("disabled", client.reference, "Disabled.")
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enable a disabled client. Revoked tokens stay revoked.",
            discussion: "Example: martlet client enable shop")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let client = try await stores.client(client)
                try await administration.setDisabled(false, client)
                options.output.report("enabled", client.reference, "Enabled.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a client and revoke its tokens.",
            discussion: "Example: martlet client remove shop")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Remove the client \(client) and revoke its tokens")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let client = try await stores.client(client)
                try await administration.remove(client)
                options.output.report("removed", client.reference, "Removed.")
            }
        }
    }
}

extension Client {
    /// Names the client in the JSON output of commands.
    var reference: JSONObject { ["client_id": .string(id.rawValue)] }

    fileprivate var summary: JSONObject {
        [
            "client_id": .string(id.rawValue), "client_name": .string(name),
            "token_endpoint_auth_method": .string(authenticationMethodName), "disabled": .bool(isDisabled),
        ]
    }
}
