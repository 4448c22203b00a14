import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE

/// `martlet key`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Manage signing keys, data keys and the master key.",
        subcommands: [
            List.self, Rotate.self, Retire.self, MasterKeyCommand.self, Reseal.self, ReplaceEverything.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List signing keys: algorithm, state (next, current or retiring), kid, and dates.")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                let keys = try await stores.keys.all()
                let now = Date()
                for key in keys {
                    let current = KeyPlan.current(keys.filter { $0.algorithm == key.algorithm }, at: now)
                    let state = key.id == current?.id ? "current" : key.signsFrom > now ? "next" : "retiring"
                    Terminal.say(
                        [
                            key.algorithm.rawValue, state, key.id, "signs from \(key.signsFrom.formatted(.iso8601))",
                            "published until \(key.publishedUntil.formatted(.iso8601))",
                        ].joined(separator: "\t"))
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the next signing key.",
            discussion: """
                The key is published immediately and starts signing a day later, when every verifier has fetched it. \
                With --now it starts signing immediately; verifiers that cache the JWK Set reject its tokens until \
                they fetch the set again.
                """)
        @Option(help: "ES256 or RS256. Defaults to both.") var algorithm: String?
        @Flag(help: "Start signing with the key immediately.") var now = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let chosen = algorithm.map { [SignatureAlgorithm(rawValue: $0)] } ?? KeyRing.algorithms
            guard chosen.allSatisfy(KeyRing.algorithms.contains) else {
                throw ValidationError("--algorithm must be ES256 or RS256.")
            }
            try await options.administer { _, _, provider in
                for algorithm in chosen { try await provider.keyRotation.rotate(algorithm, immediately: now) }
            }
            Terminal.say("Rotated.")
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Retire a signing key that can no longer be trusted.",
            discussion: """
                Everything it signed is rejected from now on, and a new key replaces it immediately. Put `--` before a \
                kid that starts with a dash.
                """)
        @Argument(help: "The kid, as `martlet key list` shows it.") var key: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, _, provider in
                guard try await provider.keyRotation.retire(key) else {
                    throw Mistakes(["no signing key has the kid \(key); `martlet key list` shows all keys"])
                }
            }
            Terminal.say("Retired.")
        }
    }
}
