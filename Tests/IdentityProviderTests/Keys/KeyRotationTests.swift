import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Signing keys rotate without invalidating tokens")
struct KeyRotationTests {
    private let day: TimeInterval = 86_400

    private func kid(_ token: String?) throws -> String? {
        try JWS(parsing: token ?? "").header["kid"]?.string
    }

    private func clientToken(_ issuer: TestIssuer) async throws -> String? {
        try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.read")])
            .json()["access_token"]?.string
    }

    @Test("a key is published a day before it signs and stays published until its last token has expired")
    func life() async throws {
        let issuer = try await TestIssuer()
        let first = try await kid(clientToken(issuer))
        issuer.clock.advance(by: 89 * day)
        try await issuer.provider.keyRotation.run()
        #expect(try await issuer.keys().keys.count == 4)
        #expect(try await kid(clientToken(issuer)) == first)
        issuer.clock.advance(by: day)
        let token = try await clientToken(issuer)
        let second = try kid(token)
        #expect(second != first)
        issuer.clock.advance(by: day)
        try await issuer.provider.keyRotation.run()
        #expect(try await issuer.keys().keys.contains { $0.keyID == first })
        issuer.clock.advance(by: 2 * day)
        try await issuer.provider.keyRotation.run()
        #expect(try await !issuer.keys().keys.contains { $0.keyID == first })
        #expect(try await issuer.keys().keys.contains { $0.keyID == second })
    }

    @Test("of nodes that rotate concurrently, one creates the key")
    func oneNode() async throws {
        let issuer = try await TestIssuer()
        issuer.clock.advance(by: 89 * day)
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await issuer.provider.keyRotation.run() } }
            try await group.waitForAll()
        }
        #expect(try await issuer.stores.keys.all().count == 4)
    }

    @Test("of three nodes on one database, one creates the key and all sign with it")
    func threeNodes() async throws {
        let server = try MariaDBServer.shared.get()
        let settings = try server.settings("rotation")
        let clock = TestClock()
        var nodes: [TestIssuer] = []
        for _ in 0..<3 {
            nodes.append(try await TestIssuer(clock: clock, database: TestDatabase(node: settings)))
        }
        clock.advance(by: 89 * day)
        _ = try await race(12) { [nodes] number in try await nodes[number % 3].provider.keyRotation.run() }
        #expect(try await nodes[0].stores.keys.all().count == 4)
        clock.advance(by: day)
        var signedWith: Set<String?> = []
        for node in nodes {
            try await node.provider.keyRotation.run()
            signedWith.insert(try await kid(clientToken(node)))
        }
        #expect(signedWith.count == 1)
        for node in nodes { await node.database.backend.close() }
        try server.drop("rotation")
    }

    @Test("a retired key verifies nothing, and another one signs immediately")
    func retire() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code()).json()
        let access = try #require(tokens["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(access)"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .ok)
        let old = try #require(try kid(access))
        #expect(try await issuer.provider.keyRotation.retire(old))
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        #expect(try await kid(clientToken(issuer)) != old)
        #expect(try await !issuer.provider.keyRotation.retire("nothing"))
    }

    @Test("manual rotation publishes the key now and signs with it a day later, or immediately on request")
    func byHand() async throws {
        let issuer = try await TestIssuer()
        let first = try await kid(clientToken(issuer))
        try await issuer.provider.keyRotation.rotate(.es256, immediately: false)
        #expect(try await issuer.keys().keys.count == 3)
        #expect(try await kid(clientToken(issuer)) == first)
        issuer.clock.advance(by: day)
        #expect(try await kid(clientToken(issuer)) != first)
        try await issuer.provider.keyRotation.rotate(.es256, immediately: true)
        #expect(try await issuer.keys().keys.count == 4)
    }

    @Test(
        "a successor is due a day before the key stops signing",
        arguments: [(0.0, false), (88, false), (89, true), (90, true), (400, true)])
    func plan(_ days: Double, isDue: Bool) throws {
        let start = Date(timeIntervalSince1970: 0)
        let schedule = KeyRotationSchedule()
        let key = SigningKeyRecord(
            id: "k", algorithm: .es256, number: 1, sealedPrivateKey: [], createdAt: start, signsFrom: start,
            signsUntil: start.addingTimeInterval(schedule.signsFor), publishedUntil: start.addingTimeInterval(92 * day))
        let now = start.addingTimeInterval(days * day)
        let plan = KeyPlan([key], schedule: schedule, at: now)
        #expect((plan.birth != nil) == isDue)
        if let birth = plan.birth { #expect(birth.signsFrom >= now.addingTimeInterval(schedule.publishedBefore)) }
        #expect(plan.expired.isEmpty)
        #expect(KeyPlan.current([key], at: now) == key)
    }
}
