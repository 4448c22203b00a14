import ArgumentParser
import FoundationEssentials
import IdentityProvider
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
            try await options.administer(.reading) { administration, stores, _ in
                let user = try await stores.user(username)
                var document = user.details
                document["factors"] = .array(try await administration.factors(of: user).map { .object($0.summary) })
                document["sessions"] = .integer(try await stores.sessions.sessions(of: user.id, at: Date()).count)
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
