import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage

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
            abstract: "List signing keys with their state: next, current or retiring.",
            discussion: "Example: martlet key list")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                let keys = try await stores.keys.all()
                let now = Date()
                var listing = options.output.listing(["alg", "state", "kid", "signs_from", "published_until"])
                listing.add(keys.map { Self.summary($0, among: keys, at: now) })
                listing.end()
            }
        }

        private static func summary(
            _ key: SigningKeyRecord, among keys: [SigningKeyRecord], at now: Date
        ) -> JSONObject {
            let current = KeyPlan.current(keys.filter { $0.algorithm == key.algorithm }, at: now)
            let state = key.id == current?.id ? "current" : key.signsFrom > now ? "next" : "retiring"
            return [
                "alg": .string(key.algorithm.rawValue), "state": .string(state), "kid": .string(key.id),
                "signs_from": .time(key.signsFrom), "published_until": .time(key.publishedUntil),
            ]
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the next signing key.",
            discussion: """
                The key is published immediately and starts signing a day later, when every verifier has fetched it. \
                With --now it starts signing immediately; verifiers that cache the JWK Set reject its tokens until \
                they fetch the set again.

                martlet key rotate --algorithm ES256
                """)
        @Option(help: "Such as ES256. Defaults to all algorithms that have keys.") var algorithm: String?
        @Flag(help: "Start signing with the key immediately.") var now = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let named = algorithm.map(SignatureAlgorithm.init(rawValue:))
            if let named, !KeyRing.algorithms.contains(named) {
                let names = KeyRing.algorithms.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--algorithm must be one of \(names).")
            }
            try await options.administer(.changing) { _, _, provider in
                let chosen =
                    if let named { [named] } else { try await provider.keyRotation.algorithmsInUse() }
                for algorithm in chosen { try await provider.keyRotation.rotate(algorithm, immediately: now) }
                options.output.report("rotated", ["alg": .strings(chosen.map(\.rawValue))], "Rotated.")
            }
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Retire a signing key that can no longer be trusted.",
            discussion: """
                Everything it signed is rejected from now on, and a new key replaces it immediately. Put `--` before a \
                kid that starts with a dash.

                martlet key retire MSw3EMKnTpXnLFwb9fz2z_FVdXGqRQkBmSLVPYOYhGI
                """)
        @Argument(help: "The kid, as `martlet key list` shows it.") var key: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Retire the key \(key) and reject every token that it signed")
            try await options.administer(.changing, after: change) { _, _, provider in
                guard try await provider.keyRotation.retire(key) else {
                    throw Mistakes(["no signing key has the kid \(key); `martlet key list` shows all keys"])
                }
                options.output.report("retired", ["kid": .string(key)], "Retired.")
            }
        }
    }
}
