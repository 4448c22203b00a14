import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet apply`.
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply resource files: users, groups, roles, clients, resource servers and upstreams.",
        discussion: """
            Applying the same files again changes nothing. Resources that the files don't mention are kept unless you \
            add --prune. An issuer that the database doesn't have is added only if `issuer` or --for names it, or if the \
            database is empty. A user's password, password_hash and totp_secret apply only when the user is created; to \
            change a password later, run `martlet user password`. If any file has an error, nothing is changed.

            Preview changes:        martlet apply resources.yaml --plan
            Apply several files:    martlet apply clients.yaml users.yaml
            """)

    @Argument(help: "Resource files (YAML).") var files: [String]
    @Flag(help: "Show what would change without changing it. Exits with 2 if there are changes.") var plan = false
    @Flag(help: "Also remove resources that the files don't mention.") var prune = false
    @Option(name: .customLong("for"), help: "The issuer to apply to. Defaults to the first configured issuer.")
    var target: String?
    @OptionGroup var confirmation: ConfirmationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let hasChanges = try await Failure.reported {
            let configuration = try Configuration(options)
            let files = ResourceFiles(files)
            let resources = try files.valid()
            let issuer = try configuration.issuer(named: target)
            let removal = confirmation.before("Apply, and remove every resource that the files don't mention")
            try configuration.announce([issuer], after: prune && !plan ? removal : nil)
            return try await Composition.open(configuration, for: plan ? .reading : .creating).run { composition in
                try await composition.prepare(addsDefault: target == configuration.issuers[0].identifier)
                try await composition.requireKnown(issuer)
                let administration = try composition.administration(issuer)
                let names = try await administration.resourceNames()
                for warning in files.warnings(besides: names, under: configuration.settings) {
                    Terminal.complain(["note: \(warning)"])
                }
                for upstream in try await administration.upstreamsWithOtherUsers(resources) {
                    Terminal.complain(["note: \(Self.otherUsers(of: upstream.rawValue))"])
                }
                let changes = try await files.apply(by: administration, isPlan: plan, prunes: prune)
                for user in try await administration.usersWithOtherPasswords(resources) {
                    Terminal.complain(["note: \(Self.otherPassword(of: user))"])
                }
                let sentence =
                    changes.isEmpty ? "Nothing to change." : "\(changes.count) \(plan ? "to change" : "changed")."
                output.report(
                    plan ? "planned" : "applied", ["changes": .array(changes.map { .object($0.document) })],
                    (changes.flatMap { [$0.line] + $0.valueLines } + [sentence]).joined(separator: "\n"))
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

    static func otherUsers(of upstream: String) -> String {
        "upstream \(upstream) gets another issuer, userinfo_endpoint or claims.sub, so its sub may be another person's; "
            + "accounts linked before no longer sign in with it, and their owners link them again"
    }
}

extension Change {
    var document: JSONObject {
        [
            "action": .string(action.rawValue), "kind": .string(kind), "name": .string(name),
            "members": .object(JSONObject(differences.map { ($0.member, .object($0.document)) })),
        ]
    }

    /// One line for each member, with its old and new value.
    var valueLines: [String] { action == .delete ? [] : differences.map { "    \($0.member): \($0.values(action))" } }

    var line: String {
        let sign =
            switch action {
            case .create: "+"
            case .update: "~"
            case .delete: "-"
            }
        return "\(sign) \(kind) \(name.printable())" + (members.isEmpty ? "" : " (\(members.joined(separator: ", ")))")
    }
}

extension MemberDifference {
    fileprivate var document: JSONObject { isSecret ? ["secret": true] : ["old": old ?? .null, "new": new ?? .null] }

    fileprivate func values(_ action: ResourceAction) -> String {
        guard !isSecret else { return action == .create ? "(secret)" : "(secret, changed)" }
        let value = Cell.text(new ?? .null)
        return action == .create ? value : "\(Cell.text(old ?? .null)) → \(value)"
    }
}
