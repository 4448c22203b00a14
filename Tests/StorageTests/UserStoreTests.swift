import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Users: unique names and addresses")
struct UserStoreTests {
    @Test(
        "a name or address that another user has is taken, however it is written", arguments: StorageBackend.all,
        [
            ("alice", nil), ("ALICE", nil), ("eve", "alice@example.com"), ("eve", "Alice@Example.COM"),
            // A name may not be another user's address, nor an address another user's name.
            ("alice@example.com", nil), ("eve", "alice"), ("bob", nil),
            // The same letters in other Unicode forms.
            ("Ame\u{301}lie", nil), ("AM\u{C9}LIE", nil),
        ] as [(String, String?)])
    func taken(_ backend: StorageBackend, _ name: (username: String, email: String?)) async throws {
        try await backend.withStores { stores in
            try await stores.users.save(.example(Identifier("amelie-id"), "am\u{E9}lie"))
            let eve = User.example(Identifier("eve-id"), name.username, email: name.email)
            await #expect(throws: NameTaken.self) { try await stores.users.save(eve) }
            #expect(try await stores.users.find(eve.id) == nil)
        }
    }

    @Test("several users are found at once, without those that don't exist", arguments: StorageBackend.all)
    func several(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let found = try await stores.users.find([User.alice, User.bob, Identifier("nobody")])
            #expect(Set(found.map(\.id)) == [User.alice, User.bob])
            #expect(found.first { $0.id == User.alice } == (try await stores.users.find(User.alice)))
            #expect(try await stores.users.find([]).isEmpty)
        }
    }

    @Test("of 64 concurrent registrations of one name, one succeeds", arguments: StorageBackend.all)
    func oneWinner(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let wins = try await race(64) { number in
                do {
                    try await stores.users.save(.example(Identifier("id-\(number)"), "eve"))
                    return true
                } catch is NameTaken { return false }
            }
            #expect(wins.count(where: \.self) == 1)
        }
    }

    @Test("a user who can't get a new name keeps the old one", arguments: StorageBackend.all)
    func refusedRename(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let before = try await stores.users.find(named: "bob")
            await #expect(throws: NameTaken.self) { try await stores.users.save(.example(User.bob, "Alice")) }
            #expect(try await stores.users.find(named: "bob") == before)
            #expect(try await stores.users.find(named: "alice")?.id == User.alice)
        }
    }

    @Test("a name that was given up is free", arguments: StorageBackend.all)
    func rename(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.users.save(.example(User.alice, "alice liddell"))
            for name in ["alice", "alice@example.com"] { #expect(try await stores.users.find(named: name) == nil) }
            try await stores.users.save(.example(User.bob, "alice", email: "alice@example.com"))
            #expect(try await stores.users.find(named: "alice@example.com")?.id == User.bob)
        }
    }

    @Test(
        "a new address replaces a username that was the address, and frees the old name", arguments: StorageBackend.all)
    func changedAddress(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let ada = User.example(Identifier("ada-id"), "ada@example.com", email: "Ada@Example.com")
            try await stores.users.save(ada)
            #expect(try await stores.users.changeEmail(of: ada, to: "ada@example.org", at: moment))
            let changed = try #require(try await stores.users.find(named: "ada@example.org"))
            #expect((changed.username, changed.email) == ("ada@example.org", "ada@example.org"))
            #expect(changed.isEmailVerified)
            #expect(try await stores.users.find(named: "ada@example.com") == nil)
            // The state that was read is out of date.
            #expect(try await !stores.users.changeEmail(of: ada, to: "ada@example.net", at: moment))
        }
    }

    @Test("a user's address may be their own username", arguments: StorageBackend.all)
    func ownAddress(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let user = User.example(Identifier("eve-id"), "Eve@example.com", email: "eve@example.com")
            try await stores.users.save(user)
            try await stores.users.save(user)
            #expect(try await stores.users.find(named: "EVE@example.com") == user)
        }
    }

    @Test(
        "a user is found by name or address, regardless of case", arguments: StorageBackend.all,
        [
            ("alice", User.alice), ("aLICE", User.alice), ("ALICE@example.com", User.alice), ("bob", User.bob),
            ("", nil), ("ali", nil), ("alice%", nil), ("alice\u{0}", nil), ("' OR 1=1 --", nil),
        ] as [(String, Identifier<User>?)])
    func named(_ backend: StorageBackend, _ example: (name: String, id: Identifier<User>?)) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.users.find(named: example.name)?.id == example.id)
        }
    }

    @Test("a user is stored completely", arguments: StorageBackend.all)
    func roundTrip(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var user = User(
                id: Identifier("eve-id"), username: "Eve", email: "eve@example.com", isEmailVerified: true,
                passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
                claims: ["name": "Eve \"'; DROP TABLE users; -- \u{1F426}", "address": ["country": "GB"]],
                roles: ["admin", "a, \"b\""], groups: ["staff", "\u{1F426}"], isDisabled: true, createdAt: moment,
                updatedAt: moment + 0.5)
            try await stores.users.save(user)
            #expect(try await stores.users.find(user.id) == user)
            user = User.example(user.id, "eve")
            try await stores.users.save(user)
            #expect(try await stores.users.find(user.id) == user)
        }
    }

    @Test("of concurrent changes of roles and groups from the same state, one succeeds", arguments: StorageBackend.all)
    func membership(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let changed = try await race(16) { number in
                try await stores.users.replaceMembership(
                    of: User.alice, from: Membership(), to: Membership(roles: ["role-\(number)"], groups: ["staff"]))
            }
            #expect(changed.count(where: \.self) == 1)
            let alice = try #require(try await stores.users.find(User.alice))
            #expect(alice.roles.count == 1)
            #expect(alice.groups == ["staff"])
            #expect(alice.updatedAt == moment)
        }
    }

    @Test("an update sets what differs, and keeps concurrent changes", arguments: StorageBackend.all)
    func update(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let stored = try #require(try await stores.users.find(User.alice))
            try await stores.users.setPasswordHash(of: User.alice, to: "new password", at: moment)
            try await stores.users.setDisabled(User.alice, to: true, at: moment)
            var wanted = stored
            wanted.claims["name"] = "Alice"
            wanted.email = "alice@example.org"
            wanted.updatedAt = moment + 60
            #expect(try await stores.users.update(stored, to: wanted))
            wanted.passwordHash = "new password"
            wanted.isDisabled = true
            #expect(try await stores.users.find(User.alice) == wanted)
            #expect(try await stores.users.find(named: "alice@example.com") == nil)
            #expect(try await stores.users.find(named: "alice@example.org")?.id == User.alice)
            // The state that was read differs from the stored one.
            var late = stored
            late.claims["name"] = "Alicia"
            #expect(try await !stores.users.update(stored, to: late))
            late = stored
            late.isEmailVerified = true
            #expect(try await !stores.users.update(stored, to: late))
            #expect(try await stores.users.find(User.alice) == wanted)
        }
    }

    @Test("of concurrent updates from the same state, one succeeds", arguments: StorageBackend.all)
    func updateRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let stored = try #require(try await stores.users.find(User.alice))
            let updated = try await race(16) { number in
                var wanted = stored
                wanted.email = "alice-\(number)@example.com"
                return try await stores.users.update(stored, to: wanted)
            }
            #expect(updated.count(where: \.self) == 1)
        }
    }

    @Test("an update to a name that is taken changes nothing", arguments: StorageBackend.all)
    func updateTaken(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let stored = try #require(try await stores.users.find(User.bob))
            var edited = stored
            edited.email = "Alice@example.com"
            edited.roles = ["admin"]
            let wanted = edited
            await #expect(throws: NameTaken.self) { _ = try await stores.users.update(stored, to: wanted) }
            #expect(try await stores.users.find(User.bob) == stored)
        }
    }

    @Test("a user and their first authenticator app are added together or not at all", arguments: StorageBackend.all)
    func add(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let eve = User.example(Identifier("eve-id"), "eve")
            try await stores.users.add(eve, with: .example("t", user: eve.id))
            #expect(try await stores.users.find(named: "eve") == eve)
            #expect(try await stores.totpCredentials.credentials(of: eve.id).count == 1)
            let taken = User.example(Identifier("taken-id"), "ALICE")
            await #expect(throws: NameTaken.self) {
                try await stores.users.add(taken, with: .example("u", user: taken.id))
            }
            #expect(try await stores.users.find(taken.id) == nil)
            #expect(try await stores.totpCredentials.credentials(of: taken.id).isEmpty)
        }
    }

    @Test("the pages of the list join without a gap", arguments: StorageBackend.all)
    func list(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for name in ["Carol", "dave", "Eve"] { try await stores.users.save(.example(Identifier(name), name)) }
            var names: [String] = []
            while case let page = try await stores.users.list(after: names.last, limit: 2), !page.isEmpty {
                #expect(page.count <= 2)
                names += page.map(\.username)
            }
            #expect(names == ["alice", "bob", "Carol", "dave", "Eve"])
        }
    }

    @Test("a rehashed password doesn't undo a new password", arguments: StorageBackend.all)
    func replaceHash(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            var alice = try #require(try await stores.users.find(User.alice))
            alice.passwordHash = "new password"
            try await stores.users.save(alice)
            try await stores.users.replacePasswordHash(of: User.alice, from: "old password", with: "upgraded old")
            #expect(try await stores.users.find(User.alice)?.passwordHash == "new password")
            try await stores.users.replacePasswordHash(of: User.alice, from: "new password", with: "upgraded new")
            #expect(try await stores.users.find(User.alice)?.passwordHash == "upgraded new")
        }
    }

    @Test("a deleted user leaves nothing behind", arguments: StorageBackend.all)
    func delete(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for user in [User.alice, User.bob] {
                let session = Session.example("s-\(user)", secret: user == User.alice ? 1 : 2, user: user)
                try await stores.sessions.start(session, replacing: nil)
                _ = try await stores.authorizations.create(.example("a-\(user)", user: user, session: "s-\(user)"))
                try await stores.consents.save(
                    Consent(user: user, client: Client.web, scope: ["openid"], grantedAt: moment))
                try await stores.totpCredentials.save(.example("t-\(user)", user: user))
                #expect(try await stores.passkeys.add(.example(user == User.alice ? 1 : 2, user: user)))
            }
            let ended = try await stores.sessions.endAll(byDeleting: User.alice, at: moment)
            #expect(ended == [EndedSession(id: Identifier("s-\(User.alice)"), user: User.alice)])
            for (user, isLeft, secret) in [(User.alice, false, UInt8(1)), (User.bob, true, 2)] {
                #expect((try await stores.users.find(user) != nil) == isLeft)
                let digest = Session.example("", secret: secret).secret
                #expect((try await stores.sessions.find(digest, at: moment) != nil) == isLeft)
                #expect((try await stores.authorizations.find(Identifier("a-\(user)")) != nil) == isLeft)
                #expect((try await stores.consents.find(user: user, client: Client.web) != nil) == isLeft)
                #expect(try await stores.totpCredentials.credentials(of: user).isEmpty == !isLeft)
                #expect(try await stores.passkeys.passkeys(of: user).isEmpty == !isLeft)
            }
            #expect(try await stores.users.find(named: "alice@example.com") == nil)
        }
    }
}
