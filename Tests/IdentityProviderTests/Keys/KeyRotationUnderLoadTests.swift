import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Key rotation under load: verifiers that cache the JWK Set as long as its headers allow")
struct KeyRotationUnderLoadTests {
    private static let algorithms: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .ed25519, .es384, .ps384]
    private static let step: TimeInterval = 150
    private static let tokenLifetime: TimeInterval = 1_200

    /// A resource server. It fetches the JWK Set only when its copy has expired, and never for an unknown key.
    private struct Verifier {
        private var keys = JWKSet(keys: [])
        private var freshUntil: Date
        private(set) var rejections = 0

        init(freshUntil: Date) { self.freshUntil = freshUntil }

        mutating func refresh(from node: TestIssuer) async throws {
            let now = node.clock.now
            guard keys.keys.isEmpty || now >= freshUntil else { return }
            let response = try await node.send(.get, "/jwks")
            let age = response.headers[.cacheControl]?.firstMatch(of: /max-age=([0-9]+)/).flatMap { Int($0.1) }
            let end = now.addingTimeInterval(TimeInterval(try #require(age)))
            // The first copy of each is of another age.
            freshUntil = keys.keys.isEmpty ? min(end, freshUntil) : end
            keys = try JWKSet(response.json())
        }

        mutating func verify(_ token: String, at now: Date) {
            let rules = JWTRules(algorithms: Set(algorithms), types: ["at+jwt"], skew: 0)
            if (try? JWT(validating: token, with: keys, rules: rules, at: now)) == nil { rejections += 1 }
        }
    }

    /// Two nodes on one database, with a resource server for each algorithm.
    private struct Load {
        let nodes: [TestIssuer]
        let clock = TestClock()
        let algorithms: [SignatureAlgorithm]
        var verifiers: [Verifier] = []
        var alive: [(token: String, last: Date)] = []
        var tokens = 0
        var keys: Set<String> = []

        init(_ algorithms: [SignatureAlgorithm], publishedBefore: TimeInterval, verifiers count: Int) async throws {
            self.algorithms = algorithms
            let scopes = algorithms.map { "use.\($0.rawValue)" }
            let client: JSONObject = [
                "client_id": "load", "client_secret": "load-secret-load-secret-load-secret-1",
                "grant_types": ["client_credentials"], "scope": .string(scopes.joined(separator: " ")),
            ]
            let servers = algorithms.map { algorithm -> JSON in
                [
                    "identifier": .string("https://\(algorithm.rawValue).example"),
                    "scopes": [.string("use.\(algorithm.rawValue)")],
                    "access_token_signing_alg": .string(algorithm.rawValue),
                ]
            }
            let resources: JSONObject = ["clients": [.object(client)], "resource_servers": .array(servers)]
            let database = try await TestDatabase()
            let clock = clock
            var nodes: [TestIssuer] = []
            for _ in 0..<2 {
                nodes.append(
                    try await TestIssuer(
                        resources: String(decoding: resources.serialized(), as: UTF8.self), clock: clock,
                        database: database
                    ) { settings in
                        settings.lifetimes.accessToken = tokenLifetime
                        settings.keyRotation.publishedBefore = publishedBefore
                        settings.keyRotation.signsFor = 3_600
                        settings.keyRotation.publishedAfter = 1_500
                    })
            }
            self.nodes = nodes
            verifiers = (0..<count).map { Verifier(freshUntil: clock.now.addingTimeInterval(TimeInterval($0 * 70))) }
        }

        /// One node does what is due and reloads its keys, half as often as time passes. Both issue tokens.
        mutating func run(_ number: Int) async throws {
            let node = nodes[number % 2]
            try await node.provider.keyRotation.run()
            for index in verifiers.indices { try await verifiers[index].refresh(from: nodes[(number + index) % 2]) }
            for (index, algorithm) in algorithms.enumerated() {
                let form = [("grant_type", "client_credentials"), ("scope", "use.\(algorithm.rawValue)")]
                let answer = try await nodes[(number + index) % 2].token(form, client: "load").json()
                let token = try #require(answer["access_token"]?.string)
                let header = try JWS(parsing: token).header
                #expect(header["alg"]?.string == algorithm.rawValue)
                keys.insert(try #require(header["kid"]?.string))
                alive.append((token, clock.now.addingTimeInterval(tokenLifetime - step)))
                verify(token)
                tokens += 1
            }
            // Once more in the last interval of their lives.
            for (token, last) in alive where last == clock.now { verify(token) }
            alive.removeAll { $0.last <= clock.now }
            clock.advance(by: step)
        }

        private mutating func verify(_ token: String) {
            for index in verifiers.indices { verifiers[index].verify(token, at: clock.now) }
        }

        var rejections: Int { verifiers.reduce(0) { $0 + $1.rejections } }
    }

    @Test("none of them ever rejects a token, through 12 rotations of six algorithms on two nodes")
    func rotation() async throws {
        var load = try await Load(Self.algorithms, publishedBefore: 900, verifiers: 4)
        for number in 0..<(12 * 24) {
            try await load.run(number)
            // An operator rotates by hand, and retires a key whose last token has expired.
            if number % 50 == 49 { try await load.nodes[0].provider.keyRotation.rotate(.es256, immediately: false) }
            if number % 40 == 39 {
                let past = load.clock.now.addingTimeInterval(-Self.tokenLifetime - 300)
                let old = try await load.nodes[0].stores.keys.all().filter { $0.signsUntil < past }
                for key in old where !load.alive.contains(where: { $0.token.contains(key.id) }) {
                    let newer = try await load.nodes[0].stores.keys.all()
                    guard newer.contains(where: { $0.algorithm == key.algorithm && $0.number > key.number }) else {
                        continue
                    }
                    #expect(try await load.nodes[0].provider.keyRotation.retire(key.id))
                }
            }
        }
        #expect(load.rejections == 0)
        #expect(load.tokens == 1_728)
        #expect(load.keys.count >= 6 * 12)
    }

    @Test("without the time in which a key is only published, some would be rejected")
    func tooSoon() async throws {
        var load = try await Load([.es256], publishedBefore: 0, verifiers: 4)
        for number in 0..<100 { try await load.run(number) }
        #expect(load.rejections > 0)
    }
}
