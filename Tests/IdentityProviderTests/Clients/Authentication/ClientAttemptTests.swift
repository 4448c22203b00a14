import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 6749 §2.3.1: guesses at a client secret are throttled per client and network")
struct ClientAttemptTests {
    private let attacker = "192.0.2.1"
    private let elsewhere = "198.51.100.1"
    private static let right = "web-secret-web-secret-web-secret-1"

    private func ask(
        _ issuer: TestIssuer, _ secret: String, client: String = "web", from address: String, at path: String = "/token"
    ) async throws -> Response {
        let credentials = Data("\(client):\(secret)".utf8).base64EncodedString()
        return try await issuer.send(
            .post, path, form: [("grant_type", "client_credentials"), ("token", "rubbish")],
            headers: [.authorization: "Basic \(credentials)"], from: address)
    }

    private func guess(_ issuer: TestIssuer, _ count: Int, from address: String, at path: String = "/token")
        async throws
        -> [HTTPResponse.Status]
    {
        var statuses: [HTTPResponse.Status] = []
        for _ in 0..<count {
            statuses.append(try await ask(issuer, UUID().uuidString, from: address, at: path).status)
        }
        return statuses
    }

    @Test("after ten failures even the right secret is refused until time passes", arguments: ["web", "nobody"])
    func slowed(_ client: String) async throws {
        let issuer = try await TestIssuer()
        for _ in 0..<10 {
            let answer = try await ask(issuer, UUID().uuidString, client: client, from: attacker)
            #expect(answer.status == .unauthorized)
        }
        // The response for an unknown client is identical, to prevent enumeration.
        let refused = try await ask(issuer, Self.right, client: client, from: attacker)
        #expect(refused.status == .tooManyRequests)
        #expect(try refused.json()["error"] == "temporarily_unavailable")
        issuer.clock.advance(by: 10)
        #expect(try await ask(issuer, UUID().uuidString, client: client, from: attacker).status == .unauthorized)
        #expect(try await ask(issuer, Self.right, client: client, from: attacker).status == .tooManyRequests)
        issuer.clock.advance(by: 10)
        let last = try await ask(issuer, Self.right, client: client, from: attacker).status
        #expect(last == (client == "web" ? .ok : .unauthorized))
    }

    @Test(
        "failures count together at all endpoints where clients authenticate",
        arguments: ["/token", "/introspect", "/revoke"])
    func endpoints(_ path: String) async throws {
        let issuer = try await TestIssuer()
        for other in ["/token", "/introspect", "/revoke"] {
            _ = try await guess(issuer, other == path ? 4 : 3, from: attacker, at: other)
        }
        #expect(try await ask(issuer, Self.right, from: attacker, at: path).status == .tooManyRequests)
    }

    @Test("other networks and other clients are not throttled")
    func others() async throws {
        let issuer = try await TestIssuer()
        _ = try await guess(issuer, 50, from: attacker)
        #expect(try await ask(issuer, Self.right, from: elsewhere).status == .ok)
        let api = try await ask(
            issuer, "api-secret-api-secret-api-secret-1", client: "api", from: attacker, at: "/introspect")
        #expect(api.status == .ok)
    }

    @Test("all addresses of an IPv6 /64 network count as one")
    func subscriber() async throws {
        let issuer = try await TestIssuer()
        for number in 0..<10 { _ = try await guess(issuer, 1, from: "2001:db8::\(number)") }
        #expect(try await ask(issuer, Self.right, from: "2001:db8::ffff").status == .tooManyRequests)
        #expect(try await ask(issuer, Self.right, from: "2001:db8:0:1::1").status == .ok)
    }

    @Test("a network where the client authenticated within a day can't be locked out")
    func known() async throws {
        let issuer = try await TestIssuer()
        #expect(try await ask(issuer, Self.right, from: attacker).status == .ok)
        #expect(try await guess(issuer, 50, from: attacker).allSatisfy { $0 == .unauthorized })
        #expect(try await ask(issuer, Self.right, from: attacker).status == .ok)
        issuer.clock.advance(by: 86_400)
        #expect(try await guess(issuer, 11, from: attacker).last == .tooManyRequests)
    }

    @Test("a public client has no secret to guess, so its users are never throttled")
    func publicClient() async throws {
        let issuer = try await TestIssuer()
        for _ in 0..<20 { _ = try await ask(issuer, UUID().uuidString, client: "spa", from: attacker) }
        let form = [("grant_type", "refresh_token"), ("refresh_token", "rubbish"), ("client_id", "spa")]
        #expect(try await issuer.send(.post, "/token", form: form, from: attacker).json()["error"] == "invalid_grant")
        // Naming a client without credentials doesn't use up its attempts either.
        for _ in 0..<20 {
            let form = [("grant_type", "client_credentials"), ("client_id", "web")]
            #expect(try await issuer.send(.post, "/token", form: form, from: elsewhere).status == .unauthorized)
        }
        #expect(try await ask(issuer, Self.right, from: elsewhere).status == .ok)
    }

    @Test("repeating one wrong secret, as a program with an old secret does, doesn't throttle the client")
    func formerSecret() async throws {
        let issuer = try await TestIssuer()
        for _ in 0..<50 {
            #expect(try await ask(issuer, "former-secret", from: attacker).status == .unauthorized)
        }
        #expect(try await ask(issuer, Self.right, from: attacker).status == .ok)
    }

    @Test("of 64 concurrent guesses at most the limit plus one per core are checked")
    func race() async throws {
        let issuer = try await TestIssuer()
        let statuses = try await TestSupport.race(64) { _ in
            try await ask(issuer, UUID().uuidString, from: attacker).status
        }
        let looked = statuses.count { $0 == .unauthorized }
        #expect((10...10 + ProcessInfo.processInfo.activeProcessorCount).contains(looked))
        #expect(statuses.allSatisfy { [.unauthorized, .tooManyRequests].contains($0) })
    }

    @Test("a throttled attempt is recorded")
    func recorded() async throws {
        let issuer = try await TestIssuer()
        _ = try await guess(issuer, 11, from: attacker)
        let records = try await issuer.recorded().filter { $0.event == "client_authentication_failed" }
        #expect(records.last?.details["reason"] == "throttled")
        #expect(records.last?.client == "web")
        #expect(records.count == 11)
    }

    @Test("a failed attempt that was verified commits once; throttled and genuine ones commit nothing")
    func cost() async throws {
        let issuer = try await TestIssuer()
        let before = issuer.database.database.committedUnits
        _ = try await guess(issuer, 20, from: attacker)
        #expect(issuer.database.database.committedUnits == before + 10)
        for _ in 0..<5 { #expect(try await ask(issuer, Self.right, from: elsewhere).status == .ok) }
        #expect(issuer.database.database.committedUnits == before + 10)
    }

    @Test("a flood that names another client each time commits about once a second, and gets the same answers")
    func flood() async throws {
        let issuer = try await TestIssuer()
        let database = issuer.database.database
        let before = database.committedUnits
        for number in 0..<200 {
            let client = number % 10 == 0 ? "post" : UUID().uuidString
            let answer = try await ask(issuer, UUID().uuidString, client: client, from: attacker)
            // The registered client is named 20 times, so its limit is reached even though few failures are stored.
            #expect(answer.status == (client == "post" && number >= 100 ? .tooManyRequests : .unauthorized))
        }
        #expect(database.committedUnits <= before + 30)
        let stored = database.committedUnits
        issuer.clock.advance(by: 3)
        for _ in 0..<20 { _ = try await ask(issuer, UUID().uuidString, client: UUID().uuidString, from: attacker) }
        #expect(database.committedUnits == stored + 3)
        // Elsewhere, failures are stored.
        _ = try await guess(issuer, 2, from: elsewhere)
        #expect(database.committedUnits == stored + 5)
    }

    @Test("failures count together on all nodes, and time passes for all", arguments: TestEngine.allCases)
    func nodes(_ engine: TestEngine) async throws {
        let (database, clock) = (try await TestDatabase(engine), TestClock())
        let one = try await TestIssuer(clock: clock, database: database)
        let other = try await TestIssuer(clock: clock, database: database)
        #expect(try await guess(one, 6, from: attacker) == Array(repeating: .unauthorized, count: 6))
        #expect(try await guess(other, 4, from: attacker) == Array(repeating: .unauthorized, count: 4))
        for node in [one, other] {
            #expect(try await ask(node, Self.right, from: attacker).status == .tooManyRequests)
            #expect(try await ask(node, Self.right, from: elsewhere).status == .ok)
        }
        clock.advance(by: 10)
        #expect(try await ask(one, UUID().uuidString, from: attacker).status == .unauthorized)
        #expect(try await ask(other, Self.right, from: attacker).status == .tooManyRequests)
        clock.advance(by: 10)
        #expect(try await ask(other, Self.right, from: attacker).status == .ok)
    }

    @Test("of 64 concurrent guesses on two nodes, each verifies at most the limit plus one per core")
    func nodesRace() async throws {
        let (database, clock) = (try await TestDatabase(), TestClock())
        let one = try await TestIssuer(clock: clock, database: database)
        let other = try await TestIssuer(clock: clock, database: database)
        let verified = try await TestSupport.race(64) { number in
            try await ask(number % 2 == 0 ? one : other, UUID().uuidString, from: attacker).status == .unauthorized
        }.count(where: \.self)
        #expect((10...2 * (10 + ProcessInfo.processInfo.activeProcessorCount)).contains(verified))
        for node in [one, other] {
            #expect(try await ask(node, Self.right, from: attacker).status == .tooManyRequests)
        }
    }

    @Test("the table of failures reveals neither clients nor addresses")
    func digests() async throws {
        let issuer = try await TestIssuer()
        _ = try await guess(issuer, 1, from: attacker)
        let names = try await issuer.database.database.query(.local, "SELECT name FROM attempts", []).map {
            try $0.text(0)
        }
        #expect(names.count == 1)
        #expect(names.allSatisfy { !$0.contains("web") && !$0.contains("192") && $0.utf8.count >= 43 })
    }
}
