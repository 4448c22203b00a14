import ArgumentParser
import IdentityProvider

extension UserCommand {
    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say which roles and groups a user was given.")
        @Argument(help: "The username or e-mail address.") var username: String
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
            abstract: "Give a user roles, or put them into groups; the next token says so.",
            discussion: "Example: martlet user assign alice --role editor --group press")
        @Argument(help: "The username or e-mail address.") var username: String
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
            abstract: "Take roles from a user, or take them out of groups; the next token says so.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var taken: MembershipOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.withdraw(taken.membership, from: stores.user(username).id)
            }
            Terminal.say("Withdrawn.")
        }
    }
}

/// Roles and groups on the command line.
struct MembershipOptions: ParsableArguments {
    @Option(help: "A role; may be repeated.") var role: [String] = []
    @Option(help: "A group; may be repeated.") var group: [String] = []

    var membership: Membership { Membership(roles: role, groups: group) }

    func validate() throws {
        guard !role.isEmpty || !group.isEmpty else { throw ValidationError("Name a --role or a --group.") }
    }
}
