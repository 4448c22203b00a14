import FoundationEssentials
import IdentityProvider
import SQLStorage
import TestSupport
import Testing

@Suite("Sessions: found by their secret, and ended with what they granted (OpenID Connect Core §11)")
struct SessionStoreTests {
    private func isRevoked(_ id: String, _ stores: Stores) async throws -> Bool {
        try #require(try await stores.authorizations.find(Identifier(id))).revokedAt != nil
    }

    @Test("another secret finds no session", arguments: StorageBackend.all)
    func secret(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let session = Session.example("s")
            try await stores.sessions.start(session, replacing: nil)
            #expect(try await stores.sessions.find(session.secret, at: moment) == session)
            for bytes in [[], [1], Array(repeating: UInt8(1), count: 31), Array(repeating: 2, count: 32)] {
                #expect(try await stores.sessions.find(SecretDigest(bytes: bytes), at: moment) == nil)
            }
        }
    }

    @Test("a session expires to the millisecond", arguments: StorageBackend.all)
    func expiry(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let session = Session.example("s", expiresIn: 10)
            try await stores.sessions.start(session, replacing: nil)
            #expect(try await stores.sessions.find(session.secret, at: moment + 9.999) == session)
            #expect(try await stores.sessions.find(session.secret, at: moment + 10) == nil)
            #expect(try await stores.sessions.find(session.id, at: moment + 9.999) == session)
            #expect(try await stores.sessions.find(session.id, at: moment + 10) == nil)
        }
    }

    @Test("all sessions are listed a page at a time, without expired and idle ones", arguments: StorageBackend.all)
    func list(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for number in 0..<5 {
                let user = number == 2 ? User.bob : User.alice
                let session = Session.example(
                    "s\(number)", secret: UInt8(number), user: user, expiresIn: number == 3 ? 10 : 3_600)
                try await stores.sessions.start(session, replacing: nil)
            }
            try await stores.sessions.touch(Identifier("s4"), at: moment + 15, unlessUsedAfter: moment + 1)
            func page(after id: String?, usedAfter start: Date = .distantPast) async throws -> [String] {
                try await stores.sessions.list(
                    after: id.map { Identifier($0) }, at: moment + 20, usedAfter: start, limit: 2
                ).map(\.id.rawValue)
            }
            #expect(try await page(after: nil) == ["s0", "s1"])
            #expect(try await page(after: "s1") == ["s2", "s4"])
            #expect(try await page(after: "s4") == [])
            #expect(try await page(after: nil, usedAfter: moment + 10) == ["s4"])
        }
    }

    @Test("a use keeps an idle session alive, and concurrent uses are recorded once", arguments: StorageBackend.all)
    func idle(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            let storage = SQLBackend(database)
            _ = try await storage.migrate()
            let stores = storage.stores(for: try Issuer("https://id.example.com"))
            try await stores.populate()
            let session = Session.example("s")
            try await stores.sessions.start(session, replacing: nil)
            func isFound(usedAfter start: Date) async throws -> Bool {
                let found = [
                    try await stores.sessions.find([session.secret], at: moment + 60, usedAfter: start),
                    try await stores.sessions.find(session.id, at: moment + 60, usedAfter: start),
                    try await stores.sessions.sessions(of: User.alice, at: moment + 60, usedAfter: start).first,
                ].map { $0 != nil }
                #expect(Set(found).count == 1)
                return found[0]
            }
            #expect(try await isFound(usedAfter: moment - 0.001))
            #expect(try await !isFound(usedAfter: moment))
            let before = database.committedUnits
            _ = try await race(16) { number in
                try await stores.sessions.touch(
                    session.id, at: moment + 10 + Double(number), unlessUsedAfter: moment + 5)
            }
            #expect(database.committedUnits == before + 1)
            #expect(try await isFound(usedAfter: moment + 9))
            let used = try #require(try await stores.sessions.find(session.id, at: moment))
            #expect(used.lastUsedAt >= moment + 10 && used.authenticatedAt == moment)
            // A late use does not revive an ended session.
            try await stores.sessions.end(session.id, at: moment)
            try await stores.sessions.touch(session.id, at: moment + 60, unlessUsedAfter: moment + 60)
            #expect(try await stores.sessions.find(session.id, at: moment) == nil)
        }
    }

    @Test("ending a session revokes what it granted, except offline access", arguments: StorageBackend.all)
    func end(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(.example("s", secret: 1), replacing: nil)
            try await stores.sessions.start(.example("other", secret: 2), replacing: nil)
            _ = try await stores.authorizations.create(.example("online", session: "s"))
            _ = try await stores.authorizations.create(.example("offline", session: "s", isOffline: true))
            _ = try await stores.authorizations.create(.example("of other", session: "other"))
            // Exactly one of the calls learns what ended.
            let ended = try await race(8) { _ in try await stores.sessions.end(Identifier("s"), at: moment) }
            #expect(ended.compactMap(\.self) == [EndedSession(id: Identifier("s"), user: User.alice)])
            #expect(try await stores.sessions.find(Session.example("s").secret, at: moment) == nil)
            #expect(try await stores.sessions.find(Session.example("s").id, at: moment) == nil)
            #expect(try await isRevoked("online", stores))
            #expect(try await !isRevoked("offline", stores))
            #expect(try await !isRevoked("of other", stores))
            #expect(try await stores.sessions.find(Session.example("", secret: 2).secret, at: moment) != nil)
        }
    }

    @Test("all sessions of a user end together, without affecting other users", arguments: StorageBackend.all)
    func endAll(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for (number, user) in [User.alice, User.alice, User.bob].enumerated() {
                let session = Session.example("s\(number)", secret: UInt8(number), user: user)
                try await stores.sessions.start(session, replacing: nil)
                _ = try await stores.authorizations.create(.example("a\(number)", user: user, session: "s\(number)"))
            }
            _ = try await stores.authorizations.create(.example("offline", session: "s0", isOffline: true))
            let ended = try await race(8) { _ in try await stores.sessions.endAll(of: User.alice, at: moment) }
            #expect(
                ended.flatMap(\.self).sorted { $0.id.rawValue < $1.id.rawValue }
                    == ["s0", "s1"].map { EndedSession(id: Identifier($0), user: User.alice) })
            for (number, isEnded) in [true, true, false].enumerated() {
                let secret = Session.example("", secret: UInt8(number)).secret
                #expect((try await stores.sessions.find(secret, at: moment) == nil) == isEnded)
                #expect(try await isRevoked("a\(number)", stores) == isEnded)
            }
            #expect(try await !isRevoked("offline", stores))
        }
    }

    @Test("a sign-in makes the former session unusable (session fixation)", arguments: StorageBackend.all)
    func replace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let former = Session.example("former", secret: 1)
            try await stores.sessions.start(former, replacing: nil)
            _ = try await stores.authorizations.create(.example("online", session: "former"))
            _ = try await stores.authorizations.create(.example("offline", session: "former", isOffline: true))
            let session = Session.example("new", secret: 2, user: User.bob)
            let bob = User.example(User.bob, "")
            let ended = try await stores.sessions.start(session, of: bob, from: SignInOrigin(), replacing: former.id)
            #expect(ended == .started(ending: EndedSession(id: former.id, user: User.alice)))
            #expect(try await stores.sessions.find(former.secret, at: moment) == nil)
            #expect(try await stores.sessions.find(session.secret, at: moment) == session)
            #expect(try await isRevoked("online", stores))
            #expect(try await !isRevoked("offline", stores))
        }
    }

    @Test("a user who signs in again keeps what they granted, but not the old secret", arguments: StorageBackend.all)
    func again(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let former = Session.example("s", secret: 1)
            try await stores.sessions.start(former, replacing: nil)
            _ = try await stores.authorizations.create(.example("online", session: "s"))
            let again = Session.example("s", secret: 2)
            let alice = User.example(User.alice, "")
            let start = try await stores.sessions.start(again, of: alice, from: SignInOrigin(), replacing: former.id)
            #expect(start == .started(ending: nil))
            #expect(try await stores.sessions.find(former.secret, at: moment) == nil)
            #expect(try await stores.sessions.find(again.secret, at: moment) == again)
            #expect(try await !isRevoked("online", stores))
        }
    }

    @Test(
        "concurrent sign-ins that replace one session all succeed, and the former session is gone",
        arguments: StorageBackend.all)
    func replaceRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let former = Session.example("former", secret: 100)
            try await stores.sessions.start(former, replacing: nil)
            _ = try await race(16) { number in
                try await stores.sessions.start(
                    .example("s\(number)", secret: UInt8(number)), replacing: former.id)
            }
            #expect(try await stores.sessions.find(former.secret, at: moment) == nil)
            for number in 0..<16 {
                let secret = Session.example("", secret: UInt8(number)).secret
                #expect(try await stores.sessions.find(secret, at: moment)?.id == Identifier("s\(number)"))
            }
        }
    }
}
