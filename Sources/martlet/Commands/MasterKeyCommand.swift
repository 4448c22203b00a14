import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE

/// `martlet key master`.
struct MasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master", abstract: "Create or rotate the master key.",
        subcommands: [Make.self, Add.self, Rotate.self], defaultSubcommand: Make.self)

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a master key.",
            discussion: """
                The master key wraps the data keys that seal secrets in the database. All nodes that share a database \
                need the same file. Keep a copy separate from your database backups: anyone with both can read \
                everything, and without the key the backups are useless.

                martlet key master /etc/martlet/master.key
                """)
        @Argument(help: "The file to create. It must not exist yet.") var file: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Failure.reported { try MasterKeyFile(path: file).make() }
            output.report("created", ["file": .string(file)], "Created.")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a new master key to the file, to distribute to all nodes before `rotate`.",
            discussion: """
                Use this when several nodes share a database. The new key is not used yet. Copy the file to every \
                node, restart each node, then run `martlet key master rotate` on one of them.

                martlet key master add
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let path = try await Failure.reported { try await KeyCeremony(options).add() }
            output.report(
                "added", ["file": .string(path)],
                "Added. Copy \(path) to every node, restart each, then run `martlet key master rotate` on one of them.")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wrap all data keys under a new master key, and remove the old one.",
            discussion: """
                Afterwards the old master key opens nothing. Sessions and tokens stay valid. With SQLite this command \
                also creates the new key. Nodes that share a database must have the new key first (`martlet key master \
                add`).

                An installation older than data keys gets them now. Run `martlet key reseal` next, so that nothing in \
                the database depends on the old master key. Older versions of Martlet can no longer use the database.

                martlet key master rotate
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let name = try await Failure.reported { try await KeyCeremony(options).rotate() }
            output.report(
                "rotated", ["master_key": .string(name)],
                "Rotated: the data keys are wrapped under \(name). Copy the file to every other node.")
        }
    }
}

/// `martlet key reseal`.
struct Reseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Re-encrypt all data at rest under a new data key.",
        discussion: """
            Re-encrypts signing keys, TOTP secrets, client secrets that must stay readable, and queued mail, then \
            deletes the old data keys. A digest can only be recomputed when its secret is next used, so the old digest \
            key is kept until no digest depends on it.

            martlet key reseal
            """)
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported { try await KeyCeremony(options).reseal() }
        output.report("resealed", ["values": .integer(count)], "Resealed: \(count) values.")
    }
}

/// `martlet key replace-everything`.
struct ReplaceEverything: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace-everything",
        abstract: "Replace every key and end every session and token, after a compromise.",
        discussion: """
            Stop every node first. This command replaces the master key, all data keys and all signing keys. It ends \
            all sessions and authorizations, forgets remembered browsers and recovery codes, and re-encrypts all data \
            at rest. Users sign in again with their existing passwords, passkeys and authenticator apps.

            It can't undo what an attacker has already read: docs/operations.md lists what else to replace.

            martlet key replace-everything --client-secrets
            """)
    @Flag(help: "Also replace all client secrets, and print the new ones. They can't be shown again.")
    var clientSecrets = false
    @OptionGroup var confirmation: ConfirmationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let change = confirmation.before("Replace every key and end every session and token of every issuer")
        var secrets: [JSON] = []
        let hasFormerDigests: Bool
        do {
            hasFormerDigests = try await Failure.reported {
                try await KeyCeremony(options).replaceEverything(withClientSecrets: clientSecrets, after: change) {
                    client, secret in
                    // Shown as soon as it is stored, in case a later one fails.
                    if output.format == .text { Terminal.say("\(client)\t\(secret)") }
                    secrets.append(["client_id": .string(client.rawValue), "client_secret": .string(secret)])
                }
            }
        } catch {
            // The secrets that were stored before the failure can't be shown again.
            if output.format == .json, !secrets.isEmpty { output.report("incomplete", ["clients": .array(secrets)]) }
            throw error
        }
        if hasFormerDigests {
            Terminal.complain([
                "note: client secrets were kept; each digest moves to the new key when its secret is next used"
            ])
        }
        output.report(
            "replaced", clientSecrets ? ["clients": .array(secrets)] : [:],
            "Replaced. Copy the master key file to every other node before you start it.")
    }
}
