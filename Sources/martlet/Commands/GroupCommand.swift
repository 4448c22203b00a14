import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet group`.
struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "List, create, change and remove groups of users.",
        subcommands: [List.self, Set.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List groups with their roles and description.",
            discussion: "Example: martlet group list --output json")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                var listing = options.output.listing(["name", "roles", "description"])
                listing.add(try await stores.groups.all().map(\.summary))
                listing.end()
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create or change a group. Running servers follow within a second.",
            discussion: "Example: martlet group set press --description \"Writes for the site\" --role editor")
        @Argument(help: "The group's name.") var name: String
        @Option(help: "What the group is for.") var description: String?
        @Option(help: "A role that the members get. Repeat it for each role; roles that you leave out are removed.")
        var role: [String] = []
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            var document: JSONObject = ["name": .string(name), "roles": .array(role.map(JSON.string))]
            document["description"] = description.map(JSON.string)
            let wanted = document
            try await options.administer(.changing) { administration, _, _ in
                let group = try Mistakes.telling { () throws(InvalidDocument) in try Group(document: wanted) }
                try await Mistakes.naming { try await administration.save(group) }
                options.output.report("saved", ["name": .string(name)], "Saved.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a group, and remove all its members from it.",
            discussion: """
                If the command is interrupted, run it again to finish.

                martlet group remove press
                """)
        @Argument(help: "The group's name.") var name: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Remove the group \(name), and remove all its members from it")
            try await options.administer(.changing, after: change) { administration, _, _ in
                try await administration.deleteGroup(name)
                options.output.report("removed", ["name": .string(name)], "Removed.")
            }
        }
    }
}

extension Group {
    fileprivate var summary: JSONObject {
        ["name": .string(name), "roles": .strings(roles), "description": .text(description)]
    }
}
