import SQLStorage
import ArgumentParser
import IdentityProvider
import JOSE

/// `martlet apply`.
struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the stored clients, users, roles and resource servers what the files say.",
        discussion: """
            Applying the same files twice changes nothing the second time. What the files do not mention stays, \
            unless --prune is given. A user's password, password_hash and totp_secret count when the user is made; \
            afterwards use `martlet user password`. A file with a mistake is refused as a whole, before anything is \
            changed.
            """)

    @Argument(help: "Resource files (YAML).") var files: [String]
    @Flag(help: "Say what would change and change nothing; ends with 2 when something would.") var plan = false
    @Flag(help: "Also remove what the files do not mention.") var prune = false
    @Option(name: .customLong("for"), help: "The issuer to apply to, when there are several.") var target: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let hasChanges = try await Failure.reported {
            let configuration = try Configuration(options)
            let resources = try ResourceFiles.read(files)
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
        "user \(user) has another password than the file says: it counts when the user is made; "
            + "to set it now, use `martlet user password \(user)`"
    }
}

/// Reads resource files as one: a list in two files is joined.
enum ResourceFiles {
    static func read(_ paths: [String]) throws(Mistakes) -> ResourceSet {
        var files: [DocumentFile] = []
        var mistakes: [String] = []
        for path in paths {
            do throws(Mistakes) { files.append(try DocumentFile(path: path)) } catch { mistakes += error.lines }
        }
        // Each file alone first, so that a mistake is told with its own line.
        for file in files {
            do throws(InvalidDocument) { _ = try ResourceSet(file.document) } catch {
                mistakes += error.problems.map { "\(file.position(of: $0.member)): \($0.reason)" }
            }
        }
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
        var joined = JSONObject()
        for member in files.flatMap(\.document.members) {
            joined[member.name] = .array((joined[member.name]?.array ?? []) + (member.value.array ?? []))
        }
        do throws(InvalidDocument) { return try ResourceSet(joined) } catch {
            throw Mistakes(error.problems.map { "\(paths.joined(separator: ", ")): \($0.member): \($0.reason)" })
        }
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
