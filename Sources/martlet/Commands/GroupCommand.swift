import ArgumentParser
import IdentityProvider
import JOSE

/// `martlet group`.
struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "List, create, change and remove groups of users.",
        subcommands: [List.self, Set.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List groups: name, roles, and description.")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                for group in try await stores.groups.all() {
                    Terminal.say(
                        [group.name, group.roles.joined(separator: " "), group.description ?? "-"]
                            .joined(separator: "\t"))
                }
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
            try await options.administer { administration, _, _ in
                let group = try Mistakes.telling { () throws(InvalidDocument) in try Group(document: wanted) }
                try await Mistakes.naming { try await administration.save(group) }
            }
            Terminal.say("Saved.")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a group, and remove all its members from it.",
            discussion: "If the command is interrupted, run it again to finish.")
        @Argument(help: "The group's name.") var name: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, _, _ in try await administration.deleteGroup(name) }
            Terminal.say("Removed.")
        }
    }
}
