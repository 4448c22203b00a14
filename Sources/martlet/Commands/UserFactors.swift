import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

extension UserCommand {
    /// `martlet user factors`.
    struct Factors: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List how a user can sign in, without secrets.",
            discussion: """
                Lists the password, passkeys, accounts linked at other providers, authenticator apps, recovery codes and \
                an access code, with names and when each was added and last used.

                martlet user factors alice
                """)
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { administration, stores, _ in
                let factors = try await administration.factors(of: stores.user(username))
                var listing = options.output.listing(
                    ["type", "name", "added_at", "last_used_at", "left", "expires_at", "id"])
                listing.add(factors.map(\.summary))
                listing.end()
            }
        }
    }

    /// `martlet user remove-factor`.
    struct RemoveFactor: AsyncParsableCommand {
        enum FactorType: String, ExpressibleByArgument, CaseIterable {
            case passkey = "passkey"
            case upstream = "upstream"
            case totp = "totp"
            case recoveryCode = "recovery_code"
            case accessCode = "access_code"
        }

        static let configuration = CommandConfiguration(
            abstract: "Remove one factor of a user, or all of one type, and tell the user by email.",
            discussion: """
                Sessions stay active. If a device was stolen, first run `martlet session end`. If it was the user's only \
                second factor, run `martlet user access-code` before you remove it, and wait until the user has signed \
                in with the code: otherwise the password alone protects the account.

                martlet user factors alice
                martlet user remove-factor alice --id Jf3…
                martlet user remove-factor alice --type totp
                """)
        @Argument(help: "The username or email address.") var username: String
        @Option(help: "The id from `martlet user factors`.") var id: String?
        @Option(help: "Remove all factors of this type.") var type: FactorType?
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func validate() throws {
            guard (id == nil) != (type == nil) else { throw ValidationError("Add either --id or --type.") }
        }

        private var what: String { id.map { "the factor \($0)" } ?? "every factor of the type \(type?.rawValue ?? "")" }

        func run() async throws {
            let change = confirmation.before("Remove \(what) of \(username)")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                let chosen = try await administration.factors(of: user).filter { factor in
                    id.map { factor.id == $0 } ?? (factor.factor.rawValue == type?.rawValue)
                }
                guard !chosen.isEmpty else {
                    throw Mistakes(["\(username) has no such factor; `martlet user factors \(username)` lists them"])
                }
                let removed = try await remove(chosen, of: user, administration)
                var document = user.reference
                document["removed"] = .array(removed.map { .object($0.summary) })
                options.output.report("factor_removed", document, "Removed.")
            }
        }

        private func remove(
            _ factors: [EnrolledFactor], of user: User, _ administration: Administration
        ) async throws -> [EnrolledFactor] {
            let removed: [EnrolledFactor]
            do { removed = try await administration.remove(factors, of: user) } catch is LastWayIn {
                throw Mistakes([
                    "nothing was removed: it is all that \(user.username) can sign in with; set a password first: "
                        + "martlet user password \(user.username)"
                ])
            }
            guard removed.count == factors.count else {
                throw Mistakes([
                    "\(removed.count) of \(factors.count) were removed, because the factors of \(user.username) changed "
                        + "at the same moment; `martlet user factors \(user.username)` lists what is left"
                ])
            }
            return removed
        }
    }

    /// `martlet user recovery-codes`.
    struct RecoveryCodes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a user new recovery codes and print them. They can't be shown again.",
            discussion: """
                The former codes stop working, and the user is told by email.

                martlet user recovery-codes alice
                """)
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Replace the recovery codes of \(username), which stop working at once")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                let codes = try await Mistakes.changing(user) { try await administration.renewRecoveryCodes(of: user) }
                var document = user.reference
                document["codes"] = .strings(codes)
                options.output.report("recovery_codes_made", document, codes.joined(separator: "\n"))
            }
        }
    }

    /// `martlet user access-code`.
    struct AccessCode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a code for a user who lost their second factor.",
            discussion: """
                The user signs in with their password and this code, once, and sets up a new second factor before the \
                sign-in counts. A new code voids the former one. The user is told by email.

                Make sure that you are talking to the account's owner, and give them the code in a way that others \
                can't read.

                martlet user access-code alice --minutes 30
                """)
        @Argument(help: "The username or email address.") var username: String
        @Option(help: "Minutes until the code expires: 1 to 1440.") var minutes = 15
        @OptionGroup var options: IssuerOptions

        func validate() throws {
            guard Administration.accessCodeLifetimes.contains(Double(minutes) * 60) else {
                throw ValidationError("--minutes must be 1 to 1440; it is \(minutes).")
            }
        }

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let user = try await stores.user(username)
                guard user.passwordHash != nil else {
                    throw Mistakes([
                        "\(username) has no password, which the code works next to; set one first: "
                            + "martlet user password \(username)"
                    ])
                }
                let code = try await Mistakes.changing(user) {
                    try await administration.makeAccessCode(for: user, lifetime: Double(minutes) * 60)
                }
                var document = user.reference
                document.merge(["code": .string(code), "expires_in": .integer(minutes * 60)])
                options.output.report("access_code_made", document, code)
            }
        }
    }
}

extension Mistakes {
    /// Runs `work`, which is refused if `user` is disabled or changed at the same moment.
    fileprivate static func changing<Result>(_ user: User, _ work: () async throws -> Result) async throws -> Result {
        guard !user.isDisabled else {
            throw Mistakes([
                "\(user.username) is disabled and can't sign in; enable the user first: martlet user enable "
                    + user.username
            ])
        }
        do { return try await work() } catch is OAuthError {
            throw Mistakes(["\(user.username) changed at the same moment; run the command again"])
        }
    }
}

extension EnrolledFactor {
    /// The factor in the output of commands.
    var summary: JSONObject {
        [
            "type": .string(factor.rawValue), "name": .text(name), "added_at": .time(addedAt),
            "last_used_at": .time(lastUsedAt), "left": remaining.map(JSON.integer) ?? .null,
            "expires_at": .time(expiresAt), "id": .text(id),
        ]
    }
}
