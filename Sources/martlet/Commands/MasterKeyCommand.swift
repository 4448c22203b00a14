import ArgumentParser
import FoundationEssentials
import IdentityProvider

/// `martlet key master`.
struct MasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master", abstract: "Make or rotate the master key.",
        subcommands: [Make.self, Add.self, Rotate.self], defaultSubcommand: Make.self)

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a master key.",
            discussion: """
                It wraps the data keys, under which secrets in the database are sealed. All nodes that use one database need \
                the same file. Keep a copy apart from the backups of the database: together they open everything, and \
                without it the backups are worth nothing.
                """)
        @Argument(help: "The file to make; it must not exist yet.") var file: String

        func run() async throws {
            try await Failure.reported { try MasterKeyFile(path: file).make() }
            Terminal.say("Made.")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a new master key at the top of the file, to be distributed before `rotate`.",
            discussion: """
                For several nodes that share a database. Nothing is sealed or wrapped with it yet: copy the file to every \
                node, restart each, then run `martlet key master rotate` on one of them.
                """)
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let path = try await Failure.reported { try await KeyCeremony(options).add() }
            Terminal.say("Added. Copy \(path) to every node, restart each, then run `martlet key master rotate`.")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wrap all data keys under a new master key, and drop the former one.",
            discussion: """
                Afterwards the former master key opens nothing. Sessions and tokens go on. With an SQLite database the new key \
                is made on the way; nodes that share a database need it first: see `martlet key master add`.
                An installation from before there were data keys gets them now; run `martlet key reseal` next, so that \
                nothing in the database depends on the former master key. Programs of that version cannot use the database \
                any more.
                """)
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let name = try await Failure.reported { try await KeyCeremony(options).rotate() }
            Terminal.say("Rotated: the data keys are wrapped under \(name). Copy the file to every other node.")
        }
    }
}

/// `martlet key reseal`.
struct Reseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Encrypt everything at rest again, under a new data key.",
        discussion: """
            Signing keys, TOTP secrets, client secrets that must be known, and waiting mail. The former data keys are deleted. \
            Digests of secrets cannot be made again without the secrets: they are renewed when those are used, and their \
            former key goes when none is left.
            """)
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported { try await KeyCeremony(options).reseal() }
        Terminal.say("Resealed: \(count) values.")
    }
}

/// `martlet key replace-everything`.
struct ReplaceEverything: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace-everything",
        abstract: "After a compromise: replace every key, and end every session and token.",
        discussion: """
            Stop every node first. Replaces the master key, all data keys and all signing keys; ends all sessions and \
            authorizations, forgets remembered browsers and recovery codes, and encrypts everything at rest again. People \
            sign in anew, with their passwords, passkeys and authenticator apps. What an attacker may have read stays read: \
            docs/operations.md tells what to replace besides.
            With --client-secrets each client with a secret gets a new one, printed once.
            """)
    @Flag(help: "Give each client with a secret a new one, and print it.") var clientSecrets = false
    @Flag(help: "Do it; without this flag nothing happens.") var yes = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        guard yes else {
            throw ValidationError("This ends every session and token of every issuer. Add --yes to do it.")
        }
        let hasFormerDigests = try await Failure.reported {
            try await KeyCeremony(options).replaceEverything(withClientSecrets: clientSecrets) { client, secret in
                Terminal.say("\(client)\t\(secret)")
            }
        }
        if hasFormerDigests {
            Terminal.say("Client secrets were kept. Their digests are renewed as they are used.")
        }
        Terminal.say("Replaced. Copy the master key file to every other node before you start it.")
    }
}
