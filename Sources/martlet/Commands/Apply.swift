import SQLStorage
import ArgumentParser
import IdentityProvider
import JOSE

/// `martlet apply`.
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply resource files: create and update users, groups, roles, clients and resource servers.",
        discussion: """
            Applying the same files again changes nothing. Resources that the files don't mention are kept unless you \
            add --prune. A user's password, password_hash and totp_secret apply only when the user is created; to \
            change a password later, run `martlet user password`. If any file has an error, nothing is changed.

            Preview changes:        martlet apply resources.yaml --plan
            Apply several files:    martlet apply clients.yaml users.yaml
            """)

    @Argument(help: "Resource files (YAML).") var files: [String]
    @Flag(help: "Show what would change without changing it. Exits with 2 if there are changes.") var plan = false
    @Flag(help: "Also remove resources that the files don't mention.") var prune = false
    @Option(name: .customLong("for"), help: "The issuer to apply to. Defaults to the first configured issuer.")
    var target: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let hasChanges = try await Failure.reported {
            let configuration = try Configuration(options)
            let resources = try ResourceFiles(files).resources
            return try await Composition(configuration).run { composition in
                try await composition.prepare()
                let administration = try composition.administration(try composition.issuer(named: target))
                let changes = try await administration.apply(resources, isPlan: plan, prunes: prune)
                for change in changes { Terminal.say(change.line) }
                for user in try await administration.usersWithOtherPasswords(resources) {
                    Terminal.complain(["note: \(Self.otherPassword(of: user))"])
                }
                Terminal.say(
                    changes.isEmpty ? "Nothing to change." : "\(changes.count) \(plan ? "to change" : "changed").")
                return !changes.isEmpty
            }
        }
        if plan, hasChanges { throw ExitCode(2) }
    }
}

extension Apply {
    static func otherPassword(of user: String) -> String {
        "user \(user) has a different password than the file, which sets passwords only for new users; "
            + "to change it, run `martlet user password \(user)`"
    }
}

extension Change {
    var line: String {
        let sign =
            switch action {
            case .create: "+"
            case .update: "~"
            case .delete: "-"
            }
        return "\(sign) \(kind) \(name)" + (members.isEmpty ? "" : " (\(members.joined(separator: ", ")))")
    }
}
