import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 6749 §4.1.2: an authorization code works once")
struct AuthorizationStoreTests {
    @Test("of 64 concurrent redemptions, one succeeds", arguments: StorageBackend.all)
    func oneWinner(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let code = Authorization.example("code", isOffline: true)
            let wins = try await race(64) { _ in try await stores.authorizations.create(code) }
            #expect(wins.count(where: \.self) == 1)
            #expect(try await stores.authorizations.find(code.id) == code)
        }
    }

    @Test("a second use doesn't change the authorization of the first", arguments: StorageBackend.all)
    func secondUse(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            let first = Authorization.example("code")
            #expect(try await stores.authorizations.create(first))
            let second = Authorization.example("code", client: Client.app, user: User.bob, expiresIn: 9_000)
            #expect(try await !stores.authorizations.create(second))
            #expect(try await stores.authorizations.find(first.id) == first)
        }
    }

    @Test("an ended session can't begin an authorization", arguments: StorageBackend.all, [false, true])
    func endedSession(_ backend: StorageBackend, isOffline: Bool) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(.example("s"), replacing: nil)
            try await stores.sessions.end(Identifier("s"), at: moment)
            let late = Authorization.example("late", session: "s", isOffline: isOffline)
            #expect(try await !stores.authorizations.create(late))
            #expect(try await stores.authorizations.find(late.id) == nil)
        }
    }

    @Test("a sign-out comes before or after a redemption, never between its steps", arguments: StorageBackend.all)
    func signOutRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for round in 0..<50 {
                let code = Authorization.example("code-\(round)", session: "s-\(round)")
                try await stores.sessions.start(
                    .example("s-\(round)", secret: UInt8(round)), replacing: nil)
                async let ended = stores.sessions.end(Identifier("s-\(round)"), at: moment)
                let isBegun = try await stores.authorizations.create(code)
                _ = try await ended
                let stored = try await stores.authorizations.find(code.id)
                #expect(isBegun == (stored != nil))
                #expect(stored.map { $0.revokedAt == moment } ?? true)
            }
        }
    }

    @Test("an unknown authorization is not found", arguments: StorageBackend.all)
    func unknown(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores async throws in
            #expect(try await stores.authorizations.find(Identifier("nothing")) == nil)
        }
    }

    @Test("an authorization for an unknown client is refused", arguments: StorageBackend.all)
    func unknownClient(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let orphan = Authorization.example("orphan", client: Identifier("nobody"))
            await #expect(throws: RefusedStatement.self) { try await stores.authorizations.create(orphan) }
        }
    }

    @Test("a revocation keeps its first time and affects no other authorization", arguments: StorageBackend.all)
    func revoke(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for id in ["revoked", "other"] { #expect(try await stores.authorizations.create(.example(id))) }
            try await stores.authorizations.revoke(Identifier("revoked"), at: moment)
            try await stores.authorizations.revoke(Identifier("revoked"), at: moment + 60)
            #expect(try await stores.authorizations.find(Identifier("revoked"))?.revokedAt == moment)
            #expect(try await stores.authorizations.find(Identifier("other"))?.revokedAt == nil)
        }
    }

    @Test("everything a user granted a client is revoked together", arguments: StorageBackend.all)
    func revokeAll(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let granted: [(String, Identifier<Client>, Identifier<User>?, isRevoked: Bool)] = [
                ("first", Client.web, User.alice, true), ("second", Client.web, User.alice, true),
                ("other client", Client.app, User.alice, false), ("other user", Client.web, User.bob, false),
                ("no user", Client.web, nil, false),
            ]
            for (id, client, user, _) in granted {
                #expect(try await stores.authorizations.create(.example(id, client: client, user: user)))
            }
            try await stores.authorizations.revoke(user: User.alice, client: Client.web, at: moment)
            for (id, _, _, isRevoked) in granted {
                let stored = try #require(try await stores.authorizations.find(Identifier(id)))
                #expect((stored.revokedAt != nil) == isRevoked, "\(id)")
            }
        }
    }

    @Test(
        "everything granted to a client is revoked and counted once, however much there is",
        arguments: StorageBackend.all)
    func revokeClient(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let web = (0..<1_001).map { "web \($0)" }
            for id in web {
                #expect(try await stores.authorizations.create(.example(id, user: nil, isOffline: true)))
            }
            #expect(try await stores.authorizations.create(.example("app", client: Client.app)))
            try await stores.authorizations.revoke(Identifier("web 7"), at: moment - 1)
            #expect(try await stores.authorizations.revoke(client: Client.web, at: moment) == 1_000)
            #expect(try await stores.authorizations.revoke(client: Client.web, at: moment + 1) == 0)
            for id in web {
                let stored = try #require(try await stores.authorizations.find(Identifier(id)))
                #expect(stored.revokedAt == (id == "web 7" ? moment - 1 : moment), "\(id)")
            }
            #expect(try await stores.authorizations.find(Identifier("app"))?.revokedAt == nil)
        }
    }
}
