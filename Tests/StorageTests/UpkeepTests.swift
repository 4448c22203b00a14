import FoundationEssentials
import IdentityProvider
import SQLStorage
import Synchronization
import TestSupport
import Testing

@Suite("Maintenance: versions for caches, and removal of expired rows")
struct UpkeepTests {
    @Test(
        "the version increases with every change to cached data, and with nothing else", arguments: StorageBackend.all)
    func version(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let cached: [(String, () async throws -> Void)] = [
                ("client saved", { try await stores.clients.save(.example(Client.web)) }),
                ("client changed", { try await stores.changeWeb() }),
                ("client deleted", { try await stores.clients.delete(Client.web) }),
                ("client added", { _ = try await stores.clients.add(.example(Client.web)) }),
                (
                    "server saved",
                    { try await stores.resourceServers.save(ResourceServer(identifier: "r", scopes: [])) }
                ),
                ("server deleted", { try await stores.resourceServers.delete("r") }),
                ("role saved", { try await stores.roles.save(Role(name: "admin", permissions: [])) }),
                ("role changed", { _ = try await stores.roles.change("admin") { $0.permissions = ["all"] } }),
                ("role deleted", { try await stores.roles.delete("admin") }),
                ("group saved", { try await stores.groups.save(Group(name: "staff")) }),
                ("group changed", { _ = try await stores.groups.change("staff") { $0.roles = ["admin"] } }),
                ("group deleted", { try await stores.groups.delete("staff") }),
                ("attribute saved", { try await stores.attributes.save(Attribute(name: "department")) }),
                ("attribute deleted", { try await stores.attributes.delete("department") }),
                ("upstream saved", { try await stores.upstreams.save(.example()) }),
                ("upstream deleted", { try await stores.upstreams.delete(Identifier("up")) }),
                ("key made", { _ = try await stores.keys.insert(.example("k", number: 1)) }),
                ("key moved", { try await stores.keys.update("k", signsUntil: moment, publishedUntil: moment) }),
                ("key deleted", { try await stores.keys.delete("k") }),
            ]
            for (change, make) in cached {
                let before = try await stores.upkeep.version()
                try await make()
                #expect(try await stores.upkeep.version() > before, "\(change)")
            }
            let before = try await stores.upkeep.version()
            try await stores.users.save(.example(User.alice, "alice"))
            try await stores.sessions.start(.example("s"), replacing: nil)
            #expect(try await stores.upstreamLinks.add(.example("l")))
            #expect(try await stores.upkeep.version() == before)
        }
    }

    @Test("concurrent changes are all counted", arguments: StorageBackend.all)
    func versionRace(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            let before = try await stores.upkeep.version()
            _ = try await race(64) { try await stores.roles.save(Role(name: "role \($0)", permissions: [])) }
            #expect(try await stores.upkeep.version() == before + 64)
        }
    }

    @Test("expired rows are removed in small batches, and the rest stays", arguments: StorageBackend.all)
    func removal(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for number in 0..<25 {
                _ = try await stores.singleUse.consume("\(number)", for: .accessToken, until: moment)
            }
            _ = try await stores.singleUse.consume("later", for: .accessToken, until: moment + 0.001)
            var removed: [Int] = []
            repeat {
                removed.append(try await stores.upkeep.removeExpired(before: moment, limit: 10))
            } while removed.last != 0
            #expect(removed == [10, 10, 5, 0])
            #expect(try await !stores.singleUse.isConsumed("0", for: .accessToken))
            #expect(try await stores.singleUse.isConsumed("later", for: .accessToken))
        }
    }

    @Test("expired sessions are removed, oldest first", arguments: StorageBackend.all)
    func sessions(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for (number, lifetime) in [10.0, 20, 30].enumerated() {
                let session = Session.example("s\(number)", secret: UInt8(number), expiresIn: lifetime)
                try await stores.sessions.start(session, replacing: nil)
            }
            let isThere: (UInt8) async throws -> Bool = { number in
                try await stores.sessions.find(Session.example("", secret: number).secret, at: moment) != nil
            }
            #expect(try await stores.upkeep.removeExpired(before: moment + 20, limit: 1) == 1)
            #expect(try await !isThere(0))
            #expect(try await isThere(1))
            #expect(try await stores.upkeep.removeExpired(before: moment + 20, limit: 10) == 1)
            #expect(try await stores.upkeep.removeExpired(before: moment + 20, limit: 10) == 0)
            #expect(try await isThere(2))
        }
    }

    @Test("expired access codes are removed; recovery codes stay", arguments: StorageBackend.all)
    func accessCodes(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let alice = try #require(try await stores.users.find(User.alice))
            let codes = stores.recoveryCodes
            #expect(try await codes.replace([SecretDigest(bytes: [1])], of: alice, at: moment))
            let code = SecretDigest<AccessCode>(bytes: [2])
            #expect(try await codes.replaceAccessCode(code, of: alice, until: moment + 60, at: moment))
            _ = try await stores.upkeep.removeExpired(before: moment + 59, limit: 100)
            #expect(try await codes.accessCodeExpiry(of: User.alice) == moment + 60)
            _ = try await stores.upkeep.removeExpired(before: moment + 60, limit: 100)
            #expect(try await codes.accessCodeExpiry(of: User.alice) == nil)
            #expect(try await codes.count(of: User.alice) == 1)
        }
    }

    @Test("expired webhook deliveries are removed", arguments: StorageBackend.all)
    func webhooks(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
            let url = WebhookDelivery.example.url
            #expect(try await stores.upkeep.removeExpired(before: moment + 59, limit: 10) == 0)
            #expect(try await stores.webhooks.due(to: url, at: moment, limit: 10).count == 1)
            #expect(try await stores.upkeep.removeExpired(before: moment + 60, limit: 10) == 1)
            #expect(try await stores.webhooks.due(to: url, at: moment, limit: 10).isEmpty)
        }
    }

    @Test("expired security events are removed", arguments: StorageBackend.all)
    func securityEvents(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            #expect(try await stores.eventStreams.add(.example))
            try await stores.securityEvents.add(.example)
            let stream = EventStream.example.id
            #expect(try await stores.upkeep.removeExpired(before: moment + 59, limit: 10) == 0)
            #expect(try await stores.securityEvents.backlog(of: stream).count == 1)
            #expect(try await stores.upkeep.removeExpired(before: moment + 60, limit: 10) == 1)
            #expect(try await stores.securityEvents.backlog(of: stream).count == 0)
        }
    }

    @Test("an expired authorization is removed after the hour in which it expired", arguments: StorageBackend.all)
    func authorizations(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            for (number, lifetime) in [10.0, 4_000, 8_000].enumerated() {
                _ = try await stores.authorizations.create(.example("a\(number)", expiresIn: lifetime))
            }
            let isThere: (Int) async throws -> Bool = { number in
                try await stores.authorizations.find(Identifier("a\(number)")) != nil
            }
            #expect(try await stores.upkeep.removeExpired(before: moment + 11, limit: 10) == 0)
            #expect(try await stores.upkeep.removeExpired(before: moment + 9_000, limit: 1) == 1)
            #expect(try await !isThere(0))
            #expect(try await stores.upkeep.removeExpired(before: moment + 9_000, limit: 10) == 1)
            #expect(try await !isThere(1))
            // An authorization that was used in between is valid for longer.
            let last = try #require(try await stores.authorizations.find(Identifier("a2")))
            _ = try await stores.authorizations.rotate(last, from: 0, grace: 0, expiresAt: moment + 20_000, at: moment)
            #expect(try await stores.upkeep.removeExpired(before: moment + 12_000, limit: 10) == 0)
            #expect(try await isThere(2))
        }
    }

    @Test("requests continue while 200,000 expired rows are removed", arguments: StorageBackend.all)
    func crowd(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            _ = try await SQLBackend(database).migrate()
            let stores = SQLBackend(database).stores(for: try Issuer("https://id.example.com"))
            let isSQLite = database.dialect.systemName == "sqlite"
            try await database.maintain { connection in
                _ = try connection.execute(isSQLite ? Self.crowdOnSQLite : Self.crowdOnMariaDB, [])
            }
            let batches = Atomic(0)
            async let removed = {
                var removed = 0
                while true {
                    let count = try await stores.upkeep.removeExpired(before: moment, limit: 500)
                    guard count > 0 else { return removed }
                    removed += count
                    batches.add(1, ordering: .relaxed)
                }
            }()
            // Counts turns rather than time: the batches that ran while one request was answered.
            var overlaps: [Int] = []
            while batches.load(ordering: .relaxed) < 400 {
                let before = batches.load(ordering: .relaxed)
                let value = "request \(overlaps.count)"
                #expect(try await stores.singleUse.consume(value, for: .accessToken, until: moment + 60))
                #expect(try await stores.singleUse.isConsumed(value, for: .accessToken))
                overlaps.append(batches.load(ordering: .relaxed) - before)
            }
            #expect(try await removed == 200_000)
            #expect(overlaps.count >= 200, "requests waited for the removal")
            #expect(overlaps.count { $0 > 2 } * 20 <= overlaps.count, "\(overlaps.sorted().suffix(20))")
            for number in overlaps.indices {
                #expect(try await stores.singleUse.isConsumed("request \(number)", for: .accessToken))
            }
        }
    }

    private static let crowdOnSQLite: SQLStatement = """
        INSERT INTO spent WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)
        SELECT 'https://id.example.com', 'old', n, n FROM numbers
        """
    private static let crowdOnMariaDB: SQLStatement = """
        INSERT INTO spent SELECT 'https://id.example.com', 'old', seq, seq FROM seq_1_to_200000
        """

    @Test("a closed database is not healthy", arguments: StorageBackend.all)
    func check(_ backend: StorageBackend) async throws {
        try await backend.withBackend { storage in
            let stores = storage.stores(for: try Issuer("https://id.example.com"))
            try await stores.upkeep.check()
            await storage.close()
            await #expect(throws: StorageError.closed) { try await stores.upkeep.check() }
        }
    }

    @Test("a database without its schema is not healthy", arguments: StorageBackend.all)
    func checkWithoutSchema(_ backend: StorageBackend) async throws {
        try await backend.withDatabase { database in
            let stores = SQLBackend(database).stores(for: try Issuer("https://id.example.com"))
            await #expect(throws: RefusedStatement.self) { try await stores.upkeep.check() }
        }
    }
}
