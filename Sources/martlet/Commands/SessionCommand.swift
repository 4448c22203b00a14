import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet session`.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "List and end sessions.", subcommands: [List.self, End.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List sessions, of one user or of all.",
            discussion: """
                The sessions of a user:    martlet session list alice
                Everyone who is signed in: martlet session list --output json
                """)
        @Argument(help: "The username or email address. Defaults to all users.") var username: String?
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                var listing = options.output.listing([
                    "username", "sid", "auth_time", "acr", "expires_at", "address", "user_agent",
                ])
                if let username {
                    let user = try await stores.user(username)
                    let sessions = try await stores.sessions.sessions(of: user.id, at: Date())
                    listing.add(sessions.map { $0.summary(of: user) })
                } else {
                    try await list(stores, &listing)
                }
                listing.end()
            }
        }

        private func list(_ stores: Stores, _ listing: inout Listing) async throws {
            let now = Date()
            var last: Identifier<Session>?
            while case let page = try await stores.sessions.list(after: last, at: now, limit: 500), !page.isEmpty {
                let users = try await stores.users.find(Set(page.map(\.user)))
                let owners = Dictionary(uniqueKeysWithValues: users.map { ($0.id, $0) })
                listing.add(page.map { $0.summary(of: owners[$0.user]) })
                last = page.last?.id
            }
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a user out everywhere. Refresh tokens with offline_access stay valid.",
            discussion: "Example: martlet session end alice")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Sign \(username) out everywhere")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.endSessions(of: user)
                options.output.report("signed_out", user.reference, "Signed out.")
            }
        }
    }
}

extension Session {
    /// `owner` is `nil` if the user was just deleted.
    fileprivate func summary(of owner: User?) -> JSONObject {
        [
            "username": .text(owner?.username), "sub": .string(user.rawValue), "sid": .string(id.rawValue),
            "auth_time": .time(authenticatedAt), "acr": .string(acr), "amr": .strings(amr),
            "expires_at": .time(expiresAt), "last_used_at": .time(lastUsedAt), "address": .string(address),
            "user_agent": .string(userAgent),
        ]
    }
}
