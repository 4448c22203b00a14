import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet session`.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "List, show and end sessions.", subcommands: [List.self, Show.self, End.self])

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

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a session and the clients that are told when it ends.",
            discussion: """
                For a session that has ended, shows the clients that have not been told yet: how often Martlet has tried, \
                and when it tries next. The audit log has those that were told (client_notified) and those that refused \
                (client_not_notified).

                Example: martlet session show hxbF4zqjVtYr
                """)
        @Argument(help: "The sid, as `martlet session list` and ID Tokens show it.") var sid: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                let id = Identifier<Session>(rawValue: sid)
                let session = try await stores.sessions.peek(id, at: Date())
                let clients = try await stores.sessions.clients(of: id)
                let notices = try await stores.logoutNotices.notices(of: id)
                guard session != nil || !notices.isEmpty else {
                    throw Mistakes([
                        "no session \(sid), and no client waits to be told of its end; `martlet session list` shows all "
                            + "sessions"
                    ])
                }
                let owner: User? =
                    if let user = session?.user ?? notices.first?.user {
                        try await stores.users.find(user)
                    } else { nil }
                var document = session?.summary(of: owner) ?? ["sid": .string(sid), "username": .text(owner?.username)]
                document["ended"] = .bool(session == nil)
                document["clients"] = .strings(clients.map(\.rawValue))
                document["waiting"] = .array(notices.map { .object($0.summary) })
                options.output.show(document)
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

extension LogoutNotice {
    fileprivate var summary: JSONObject {
        ["client_id": .string(client.rawValue), "attempts": .integer(attempts), "next_attempt": .time(dueAt)]
    }
}
