import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

extension ClientCommand {
    /// `martlet client add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a client, and print its client_id and client_secret. The secret can't be shown again.",
            discussion: """
                The flags are named after the client metadata of RFC 7591. For other members, such as jwks, write a \
                resource file and run `martlet apply`.

                martlet client add shop --redirect-uri https://shop.example/callback
                martlet client add --public --redirect-uri https://app.example/
                martlet client add --grant-type client_credentials --scope orders.read
                """)
        @Argument(help: "The client_id. Defaults to a random one.") var client: String?
        @Option(help: "The name on the consent page.") var clientName: String?
        @Option(help: "A redirect URI, compared exactly. May be repeated.") var redirectURI: [String] = []
        @Option(help: "Where the user may return after signing out. May be repeated.")
        var postLogoutRedirectURI: [String] = []
        @Option(help: "A grant type. May be repeated. Defaults to authorization_code.") var grantType: [String] = []
        @Option(help: "The scope that the client may request, in quotes. Defaults to openid.") var scope: String?
        @Option(help: "How the client authenticates. Defaults to client_secret_basic.")
        var tokenEndpointAuthMethod: String?
        @Flag(help: "The client can't keep a secret. Short for --token-endpoint-auth-method none.") var `public` = false
        @OptionGroup var options: IssuerOptions

        func validate() throws {
            guard !self.public || tokenEndpointAuthMethod == nil else {
                throw ValidationError("Use either --public or --token-endpoint-auth-method.")
            }
        }

        func run() async throws {
            try await options.administer(.changing) { administration, _, _ in
                let metadata = metadata
                let secret: String?
                do { secret = try await administration.createClient(metadata) } catch is NameTaken {
                    throw Mistakes(["a client with this client_id already exists; choose another one"])
                } catch let error as InvalidDocument {
                    throw Mistakes(error.problems.map { "\($0.member): \($0.reason)" })
                }
                var added: JSONObject = [:]
                added["client_id"] = metadata["client_id"]
                added["client_secret"] = secret.map(JSON.string)
                options.output.report("added", added)
            }
        }

        private var metadata: JSONObject {
            var metadata: JSONObject = [
                "client_id": .string(client ?? Identifier<Client>.random().rawValue)
            ]
            metadata["client_name"] = clientName.map(JSON.string)
            let lists = [
                ("redirect_uris", redirectURI), ("post_logout_redirect_uris", postLogoutRedirectURI),
                ("grant_types", grantType),
            ]
            for (name, values) in lists where !values.isEmpty { metadata[name] = .strings(values) }
            metadata["scope"] = scope.map(JSON.string)
            metadata["token_endpoint_auth_method"] = self.public ? "none" : tokenEndpointAuthMethod.map(JSON.string)
            return metadata
        }
    }

    /// `martlet client show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a client's metadata. Its secret is not stored and can't be shown.",
            discussion: "Example: martlet client show shop")
        @Argument(help: "The client_id.") var client: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                options.output.show(try await stores.client(client).details)
            }
        }
    }
}

extension Client {
    /// The metadata, with the defaults of the most important members.
    fileprivate var details: JSONObject {
        var details: JSONObject = [
            "client_id": .string(id.rawValue), "client_name": .string(name),
            "token_endpoint_auth_method": .string(authenticationMethodName),
            "grant_types": .strings(grantTypes.map(\.rawValue).sorted()), "scope": .string(scope.text),
            "disabled": .bool(isDisabled),
        ]
        details.merge(metadata)
        return details
    }
}
