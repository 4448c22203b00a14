import ArgumentParser
import IdentityProvider
import JOSE

/// `martlet role`.
struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "List, make, change and remove roles.",
        subcommands: [List.self, Set.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List roles: name, permissions, what a sign-in must be.")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                for role in try await stores.roles.all() {
                    let demand = role.minimumContext.map { "\t\($0.rawValue)" } ?? ""
                    Terminal.say("\(role.name)\t\(role.permissions.joined(separator: " "))\(demand)")
                }
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a role, or change what it permits; servers follow within a second.",
            discussion: "Example: martlet role set editor --permission posts:write --permission posts:publish")
        @Argument(help: "The role's name.") var name: String
        @Option(help: "What it permits, all of it; may be repeated.") var permission: [String] = []
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let document: JSONObject = [
                "name": .string(name), "permissions": .array(permission.map(JSON.string)),
            ]
            try await options.administer { administration, _, _ in
                let role = try Mistakes.telling { () throws(InvalidDocument) in try Role(document: document) }
                try await administration.setPermissions(role)
            }
            Terminal.say("Kept.")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a role, and take it from every group and user.",
            discussion: "May be run again when it was broken off: it takes the name from whoever still has it.")
        @Argument(help: "The role's name.") var name: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, _, _ in try await administration.deleteRole(name) }
            Terminal.say("Removed.")
        }
    }
}

extension Mistakes {
    /// What `body` makes of a document, or what is wrong with it, for people.
    static func telling<Value>(_ body: () throws(InvalidDocument) -> Value) throws(Mistakes) -> Value {
        do { return try body() } catch { throw Mistakes(error.problems.map { "\($0.member): \($0.reason)" }) }
    }

    /// Tells people which role or group there is not.
    static func naming(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as NoSuchName {
            throw Mistakes(["there is no \(error.kind) \(error.name)"])
        }
    }
}
