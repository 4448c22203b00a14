import ArgumentParser
import IdentityProvider
import FoundationEssentials
import JOSE
import SQLStorage

extension UserCommand {
    /// `martlet user show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a user: claims, roles and groups, factors, sessions and lockout. Shows no secrets.",
            discussion: """
                failed_attempts counts wrong passwords or codes since the last sign-in. With locked_until, sign-ins \
                from unknown browsers wait until then; `martlet user unlock` ends the wait.

                martlet user show alice@example.com
                """)
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { administration, stores, provider in
                let user = try await stores.user(username)
                var document = user.details
                document["factors"] = .array(try await administration.factors(of: user).map { .object($0.summary) })
                document["sessions"] = .integer(try await stores.sessions(of: user, provider).count)
                let lockout = try await administration.lockout(of: user)
                document["failed_attempts"] = .integer(lockout?.failures ?? 0)
                document["locked_until"] = .time(lockout?.until)
                options.output.show(document)
            }
        }
    }
}

extension User {
    fileprivate var details: JSONObject {
        var details = reference
        details.merge(["email": .text(email), "email_verified": .bool(isEmailVerified)])
        details.merge(claims)
        if !attributes.isEmpty { details["attributes"] = .object(attributes) }
        details.merge([
            "roles": .strings(roles), "groups": .strings(groups), "disabled": .bool(isDisabled),
            "created_at": .time(createdAt), "updated_at": .time(updatedAt),
        ])
        return details
    }
}

extension Stores {
    /// The unexpired sessions of a user, newest first, without idle ones.
    func sessions(of user: User, _ provider: Provider) async throws -> [Session] {
        let now = Date()
        return try await sessions.sessions(of: user.id, at: now, usedAfter: provider.settings.idleSince(now))
    }
}

extension Settings {
    /// A session whose last use is older than this has ended.
    func idleSince(_ now: Date) -> Date { lifetimes.sessionIdle.map { now.addingTimeInterval(-$0) } ?? .distantPast }
}
