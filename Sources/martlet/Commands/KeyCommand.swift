import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE

/// `martlet key`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "List, rotate and retire signing keys; make and rotate the master key; answer a compromise.",
        subcommands: [
            List.self, Rotate.self, Retire.self, MasterKeyCommand.self, Reseal.self, ReplaceEverything.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List signing keys: next, current and retiring.")
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
            abstract: "Make the next signing key.",
            discussion: """
                It is published at once and signs a day later, when every verifier has it. With --now it signs at \
                once: verifiers that keep the JWK Set refuse its tokens until they fetch the set again.
                """)
        @Option(help: "ES256 or RS256; both when it is left out.") var algorithm: String?
        @Flag(help: "Sign with it at once.") var now = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let chosen = algorithm.map { [SignatureAlgorithm(rawValue: $0)] } ?? KeyRing.algorithms
            guard chosen.allSatisfy(KeyRing.algorithms.contains) else {
                throw ValidationError("The algorithm must be ES256 or RS256.")
            }
            try await options.administer { _, _, provider in
                for algorithm in chosen { try await provider.keyRotation.rotate(algorithm, immediately: now) }
            }
            Terminal.say("Rotated.")
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw a key that must not be trusted any more.",
            discussion: """
                All that it signed is refused from now on. A new key takes its place at once. Put `--` before a kid that begins \
                with a dash.
                """)
        @Argument(help: "The kid, as `martlet key list` shows it.") var key: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, _, provider in
                guard try await provider.keyRotation.retire(key) else { throw Mistakes(["there is no key \(key)"]) }
            }
            Terminal.say("Retired.")
        }
    }
}
