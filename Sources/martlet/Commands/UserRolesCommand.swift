import ArgumentParser
import IdentityProvider

extension UserCommand {
    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the roles and groups assigned to a user.")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                let user = try await stores.user(username)
                for role in user.roles { Terminal.say("role\t\(role)") }
                for group in user.groups { Terminal.say("group\t\(group)") }
            }
        }
    }

    struct Assign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Assign roles and groups to a user. Takes effect with their next token.",
            discussion: "Example: martlet user assign alice --role editor --group press")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var given: MembershipOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await Mistakes.naming {
                    try await administration.assign(given.membership, to: stores.user(username).id)
                }
            }
            Terminal.say("Assigned.")
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove roles and groups from a user. Takes effect with their next token.")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var taken: MembershipOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.withdraw(taken.membership, from: stores.user(username).id)
            }
            Terminal.say("Removed.")
        }
    }
}

/// The options that name roles and groups.
struct MembershipOptions: ParsableArguments {
    @Option(help: "A role. May be repeated.") var role: [String] = []
    @Option(help: "A group. May be repeated.") var group: [String] = []

    var membership: Membership { Membership(roles: role, groups: group) }

    func validate() throws {
        guard !role.isEmpty || !group.isEmpty else { throw ValidationError("Add at least one --role or --group.") }
    }
}
