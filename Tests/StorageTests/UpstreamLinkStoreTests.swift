import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Accounts at upstreams: one account there, one user here")
struct UpstreamLinkStoreTests {
    private static let up = Identifier<UpstreamAuthority>("up")

    @Test("a link is stored completely, and links are listed oldest first", arguments: StorageBackend.all)
    func roundTrip(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let long = UpstreamLink(
                id: Identifier("l"), upstream: Identifier(String(repeating: "u", count: 64)),
                authority: Identifier(String(repeating: "a", count: 64)),
                subject: String(repeating: "\u{7E}", count: 255), user: User.alice,
                label: String(repeating: "\u{1F426}", count: 128), createdAt: moment + 9, lastUsedAt: moment + 10,
                sealedTokens: Array(repeating: 255, count: 100_000))
            for link in [long, .example("2", at: moment + 2), .example("1", subject: "", at: moment + 1)] {
                #expect(try await stores.upstreamLinks.add(link, by: .example(User.alice, "")) == .added)
            }
            let links = try await stores.upstreamLinks.links(of: User.alice)
            #expect(links == [.example("1", subject: "", at: moment + 1), .example("2", at: moment + 2), long])
            #expect(try await stores.upstreamLinks.find(long.authority, subject: long.subject) == long)
            #expect(try await stores.upstreamLinks.links(of: User.bob).isEmpty)
        }
    }

    @Test("authority and subject are compared exactly", arguments: StorageBackend.all)
    func exact(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(
                try await stores.upstreamLinks.add(.example("1", subject: "Ab\u{E9}"), by: .example(User.alice, ""))
                    == .added)
            for (authority, subject) in [
                ("up", "AB\u{C9}"), ("up", "ab\u{E9}"), ("up", "Abe\u{301}"), ("up", "Ab\u{E9} "), ("up", "Abe"),
                ("UP", "Ab\u{E9}"), ("other", "Ab\u{E9}"),
            ] {
                #expect(
                    try await stores.upstreamLinks.find(Identifier(authority), subject: subject) == nil, "\(subject)")
                let link = UpstreamLink(
                    upstream: Identifier("up"), authority: Identifier(authority), subject: subject, user: User.bob,
                    label: "", createdAt: moment)
                #expect(try await stores.upstreamLinks.add(link, by: .example(User.bob, "")) == .added, "\(subject)")
            }
        }
    }

    @Test("an account that is linked stays whose it is", arguments: StorageBackend.all)
    func taken(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let links = stores.upstreamLinks
            #expect(try await links.add(.example("1"), by: .example(User.alice, "")) == .added)
            #expect(try await links.add(.example("2"), by: .example(User.alice, "")) == .present)
            #expect(try await links.add(.example("3", user: User.bob), by: .example(User.bob, "")) == .taken)
            let eve = User.example(Identifier("eve-id"), "eve")
            #expect(try await !links.add(eve, with: .example("4", user: eve.id)))
            #expect(try await stores.users.find(eve.id) == nil)
            #expect(try await stores.users.find(named: "eve") == nil)
            #expect(try await links.find(Self.up, subject: "u-1") == .example("1"))
        }
    }

    @Test("of 64 concurrent links of one account to two users, one wins", arguments: StorageBackend.all)
    func oneOwner(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let additions = try await race(64) { number in
                let user = number % 2 == 0 ? User.alice : User.bob
                return try await stores.upstreamLinks.add(.example("\(number)", user: user), by: .example(user, ""))
            }
            #expect(additions.count { $0 == .added } == 1)
            #expect(additions.count { $0 == .present } == 31 && additions.count { $0 == .taken } == 32)
        }
    }

    @Test("of 32 accounts created at once for one person, one stays, with its link", arguments: StorageBackend.all)
    func oneAccount(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let wins = try await race(32) { number in
                let user = User.example(Identifier("new-\(number)"), "new\(number)")
                return try await stores.upstreamLinks.add(user, with: .example("\(number)", user: user.id))
            }
            #expect(wins.count(where: \.self) == 1)
            let users = try await stores.users.list(after: "new", limit: 99).filter { $0.username.hasPrefix("new") }
            #expect(users.count == 1)
            #expect(try await stores.upstreamLinks.find(Self.up, subject: "u-1")?.user == users.first?.id)
        }
    }

    @Test("a new account with a name that is taken leaves neither user nor link", arguments: StorageBackend.all)
    func nameTaken(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for (name, email) in [("ALICE", nil), ("eve", "alice@example.com")] as [(String, String?)] {
                let eve = User.example(Identifier("eve-id"), name, email: email)
                await #expect(throws: NameTaken.self) {
                    try await stores.upstreamLinks.add(eve, with: .example("1", user: eve.id))
                }
            }
            #expect(try await stores.upstreamLinks.find(Self.up, subject: "u-1") == nil)
            #expect(try await stores.users.find(Identifier("eve-id")) == nil)
        }
    }

    @Test("a user has at most twenty links", arguments: StorageBackend.all)
    func full(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for number in 1...20 {
                let link = UpstreamLink.example("\(number)", subject: "s\(number)")
                #expect(try await stores.upstreamLinks.add(link, by: .example(User.alice, "")) == .added)
            }
            let last = UpstreamLink.example("last", subject: "last")
            #expect(try await stores.upstreamLinks.add(last, by: .example(User.alice, "")) == .outdated)
        }
    }

    @Test("a use replaces label, tokens and time", arguments: StorageBackend.all)
    func use(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let links = stores.upstreamLinks
            #expect(try await links.add(.example("1", tokens: [1]), by: .example(User.alice, "")) == .added)
            try await links.use(Identifier("1"), label: "new", sealedTokens: [2, 3], at: moment + 60)
            let used = try #require(try await links.find(Self.up, subject: "u-1"))
            #expect((used.label, used.sealedTokens, used.lastUsedAt) == ("new", [2, 3], moment + 60))
            #expect(used.createdAt == moment)
            try await links.use(Identifier("1"), label: "new", sealedTokens: nil, at: moment + 61)
            #expect(try await links.find(Self.up, subject: "u-1")?.sealedTokens == nil)
        }
    }

    @Test(
        "the last way to sign in stays: a password, a passkey or a link to an upstream that works",
        arguments: StorageBackend.all)
    func last(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let links = stores.upstreamLinks
            func remove(_ id: String, usable: [Identifier<UpstreamAuthority>] = [Self.up]) async throws
                -> UpstreamLinkRemoval
            {
                try await links.remove(Identifier(id), of: User.alice, usable: usable, at: moment)
            }
            #expect(try await links.add(.example("1"), by: .example(User.alice, "")) == .added)
            #expect(try await links.remove(Identifier("1"), of: User.bob, usable: [Self.up], at: moment) == .unknown)
            #expect(try await remove("1") == .last)
            // Another link works only if its upstream does.
            let other = UpstreamLink.example("2", upstream: "other")
            #expect(try await links.add(other, by: .example(User.alice, "")) == .added)
            #expect(try await remove("1") == .last)
            #expect(try await remove("2") == .removed)
            #expect(try await links.add(other, by: .example(User.alice, "")) == .added)
            #expect(try await remove("1", usable: [Self.up, other.authority]) == .removed)
            #expect(try await remove("2", usable: [Self.up, other.authority]) == .last)
            // A passkey is a way, and a link is one that lets the passkey go.
            #expect(try await stores.passkeys.add(.example(1)))
            let usable = [other.authority]
            #expect(
                try await stores.passkeys.remove(Passkey.example(1).id, of: User.alice, usable: usable, at: moment)
                    == .removed)
            #expect(try await stores.passkeys.add(.example(1)))
            #expect(try await remove("2", usable: usable) == .removed)
            #expect(
                try await stores.passkeys.remove(Passkey.example(1).id, of: User.alice, usable: usable, at: moment)
                    == .last)
            // A link to an upstream that doesn't work can always go.
            #expect(try await links.add(other, by: .example(User.alice, "")) == .added)
            #expect(try await remove("2", usable: []) == .removed)
            #expect(try await remove("2") == .unknown)
        }
    }

    @Test(
        "of concurrent removals of a passwordless user's links and passkeys, one way to sign in stays",
        arguments: StorageBackend.all)
    func lastWayIn(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            for number in 1...4 {
                let link = UpstreamLink.example("\(number)", subject: "s\(number)")
                #expect(try await stores.upstreamLinks.add(link, by: .example(User.alice, "")) == .added)
                #expect(try await stores.passkeys.add(.example(UInt8(number))))
            }
            let usable = [Self.up]
            let removals = try await race(64) { number in
                let index = number % 4 + 1
                if number % 8 < 4 {
                    return try await stores.upstreamLinks.remove(
                        Identifier("\(index)"), of: User.alice, usable: usable, at: moment) == .removed
                }
                return try await stores.passkeys.remove(
                    Passkey.example(UInt8(index)).id, of: User.alice, usable: usable, at: moment) == .removed
            }
            #expect(removals.count(where: \.self) == 7)
            let left = try await stores.upstreamLinks.links(of: User.alice).count
            #expect(try await left + stores.passkeys.passkeys(of: User.alice).count == 1)
        }
    }

    @Test("links added in a period are deleted, for one user only", arguments: StorageBackend.all)
    func recent(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let links = stores.upstreamLinks
            for (id, user, seconds) in [("1", User.alice, 1.0), ("2", User.alice, 2), ("3", User.bob, 2)] {
                let link = UpstreamLink.example(id, subject: id, user: user, at: moment + seconds)
                #expect(try await links.add(link, by: .example(user, "")) == .added)
            }
            #expect(try await links.delete(of: User.alice, addedIn: moment + 3...moment + 99) == 0)
            #expect(try await links.delete(of: User.alice, addedIn: moment + 2...moment + 2) == 1)
            #expect(try await links.links(of: User.alice).map(\.id.rawValue) == ["1"])
            #expect(try await links.links(of: User.bob).count == 1)
        }
    }

    @Test(
        "a user's links go with the user, and the account at the upstream is free again", arguments: StorageBackend.all)
    func deletion(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.upstreamLinks.add(.example("1"), by: .example(User.alice, "")) == .added)
            try await stores.sessions.endAll(byDeleting: User.alice, at: moment)
            #expect(try await stores.upstreamLinks.find(Self.up, subject: "u-1") == nil)
            let link = UpstreamLink.example("2", user: User.bob)
            #expect(try await stores.upstreamLinks.add(link, by: .example(User.bob, "")) == .added)
        }
    }

    @Test("links stay when their upstream is deleted, and work again with it", arguments: StorageBackend.all)
    func upstreams(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            try await stores.upstreams.save(.example())
            try await stores.upstreams.save(.example("another", secret: nil))
            #expect(try await stores.upstreams.all() == [.example("another", secret: nil), .example()])
            #expect(try await stores.upstreamLinks.add(.example("1"), by: .example(User.alice, "")) == .added)
            try await stores.upstreams.delete(Identifier("up"))
            try await stores.upstreams.save(.example("another", secret: [7]))
            #expect(try await stores.upstreams.all() == [.example("another", secret: [7])])
            #expect(try await stores.upstreamLinks.find(Self.up, subject: "u-1") == .example("1"))
        }
    }

    @Test(
        "the same subject at another authority is another account, which others may have", arguments: StorageBackend.all
    )
    func authority(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let links = stores.upstreamLinks
            #expect(try await links.add(.example("1"), by: .example(User.alice, "")) == .added)
            let other = UpstreamLink.example("2", authority: "moved", user: User.bob)
            #expect(try await links.find(other.authority, subject: "u-1") == nil)
            #expect(try await links.add(other, by: .example(User.bob, "")) == .added)
            #expect(try await links.find(other.authority, subject: "u-1") == other)
            #expect(try await links.find(Self.up, subject: "u-1") == .example("1"))
        }
    }

    @Test(
        "an upstream that this version can't read doesn't stop the others, and can be replaced",
        arguments: StorageBackend.all)
    func unreadable(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database async throws in
            let backend = SQLBackend(database)
            _ = try await backend.migrate()
            let issuer = try Issuer("https://id.example.com")
            let stores = backend.stores(for: issuer)
            for id in ["a", "up", "z"] { try await stores.upstreams.save(.example(id)) }
            _ = try await database.execute(
                .latest, "UPDATE upstreams SET document = ? WHERE issuer = ? AND id = ?",
                [.text(#"{"id": "a", "of_a_newer_version": true}"#), .text(issuer.identifier), .text("a")])
            #expect(try await stores.upstreams.all() == [.example(), .example("z")])
            try await stores.upstreams.save(.example("a"))
            #expect(try await stores.upstreams.all() == [.example("a"), .example(), .example("z")])
        }
    }
}
