import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

extension UserCommand {
    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the roles and groups assigned to a user.",
            discussion: "Example: martlet user roles alice")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                let user = try await stores.user(username)
                options.output.show([
                    "username": .string(user.username), "roles": .strings(user.roles), "groups": .strings(user.groups),
                ])
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
            try await options.administer(.changing) { administration, stores, _ in
                let user = try await stores.user(username)
                try await Mistakes.naming { try await administration.assign(given.membership, to: user.id) }
                options.output.report("assigned", user.reference, "Assigned.")
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove roles and groups from a user. Takes effect with their next token.",
            discussion: "Example: martlet user withdraw alice --role editor")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var taken: MembershipOptions
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let names = (taken.role + taken.group).joined(separator: ", ")
            let change = confirmation.before("Remove \(names) from the user \(username)")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.withdraw(taken.membership, from: user.id)
                options.output.report("withdrawn", user.reference, "Removed.")
            }
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
