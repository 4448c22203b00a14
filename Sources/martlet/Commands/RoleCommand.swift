import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet role`.
struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "List, create, change and remove roles.",
        subcommands: [List.self, Set.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List roles with their permissions and the minimum acr of a sign-in.",
            discussion: "Example: martlet role list --output json")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                var listing = options.output.listing(["name", "permissions", "minimum_acr"])
                listing.add(try await stores.roles.all().map(\.summary))
                listing.end()
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a role or change its permissions. Running servers follow within a second.",
            discussion: "Example: martlet role set editor --permission posts:write --permission posts:publish")
        @Argument(help: "The role's name.") var name: String
        @Option(help: "A permission. Repeat it for each permission; those that you leave out are removed.")
        var permission: [String] = []
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let document: JSONObject = [
                "name": .string(name), "permissions": .array(permission.map(JSON.string)),
            ]
            try await options.administer(.changing) { administration, _, _ in
                let role = try Mistakes.telling { () throws(InvalidDocument) in try Role(document: document) }
                try await administration.setPermissions(role)
                options.output.report("saved", ["name": .string(name)], "Saved.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a role, and remove it from every group and user.",
            discussion: """
                If the command is interrupted, run it again to finish.

                martlet role remove editor
                """)
        @Argument(help: "The role's name.") var name: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Remove the role \(name), and remove it from every group and user")
            try await options.administer(.changing, after: change) { administration, _, _ in
                try await administration.deleteRole(name)
                options.output.report("removed", ["name": .string(name)], "Removed.")
            }
        }
    }
}

extension Role {
    fileprivate var summary: JSONObject {
        [
            "name": .string(name), "permissions": .strings(permissions),
            "minimum_acr": .text(minimumContext?.rawValue),
        ]
    }
}

extension Mistakes {
    /// Returns the result of `body`. Throws `Mistakes` that list each problem of an invalid document.
    static func telling<Value>(_ body: () throws(InvalidDocument) -> Value) throws(Mistakes) -> Value {
        do { return try body() } catch { throw Mistakes(error.problems.map { "\($0.member): \($0.reason)" }) }
    }

    /// Runs `body`. Throws `Mistakes` that name the role or group that doesn't exist.
    static func naming(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as NoSuchName {
            throw Mistakes(["no \(error.kind) named \(error.name)"])
        }
    }
}
