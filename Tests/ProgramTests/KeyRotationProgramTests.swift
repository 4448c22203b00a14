import Foundation
import JOSE
import TestSupport
import Testing

@Suite("Key rotation under load, over HTTP")
struct KeyRotationProgramTests {
    private static let algorithms: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .ed25519, .es384]

    private static var resources: String {
        let servers = algorithms.map { algorithm in
            """
              - identifier: https://\(algorithm.rawValue).example
                scopes: [\(algorithm.rawValue)]
                access_token_signing_alg: \(algorithm.rawValue)
            """
        }
        return """
            clients:
              - client_id: load
                client_secret: load-secret-load-secret-load-secret
                grant_types: [client_credentials]
                scope: \(algorithms.map(\.rawValue).joined(separator: " "))
            resource_servers:
            \(servers.joined(separator: "\n"))
            """
    }

    @Test("verifiers that fetched the JWK Set once accept every token while an operator keeps rotating the keys")
    func rotation() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        let client = WebClient(origin: server.issuer)
        // The keys of registered algorithms are published before any token needs them.
        let set = try await client.get("/jwks")
        #expect(set.header("cache-control")?.contains("max-age=300") == true)
        let cached = try JWKSet(JSONObject(parsing: Array(set.body.utf8)))
        #expect(cached.keys.count == Self.algorithms.count)
        let rounds = 6
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                for _ in 0..<rounds {
                    let result = try await RunningProgram.run(
                        ["key", "rotate", "--issuer", server.issuer], in: folder.url)
                    #expect(result.code == 0, "\(result.output)")
                }
                return 0
            }
            for verifier in 0..<3 {
                group.addTask { try await Self.verifyTokens(until: rounds, verifier, client, with: cached) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.reduce(0, +) >= 3 * Self.algorithms.count)
        let list = try await RunningProgram.run(["key", "list", "--issuer", server.issuer], in: folder.url)
        for algorithm in Self.algorithms {
            #expect(list.output.split(separator: "\n").count { $0.contains(algorithm.rawValue) } == rounds + 1)
        }
        try await server.stop()
    }

    /// Gets and verifies tokens until every algorithm has all its next keys. Returns how many.
    private static func verifyTokens(
        until rounds: Int, _ verifier: Int, _ client: WebClient, with keys: JWKSet
    ) async throws -> Int {
        var count = 0
        let rules = JWTRules(algorithms: Set(algorithms), types: ["at+jwt"])
        while true {
            for algorithm in algorithms {
                let form = [("grant_type", "client_credentials"), ("scope", algorithm.rawValue)]
                let answer = try await client.post(
                    "/token", form, headers: [basic("load", "load-secret-load-secret-load-secret")])
                let token = try #require(try json(answer.body)["access_token"] as? String, "\(answer.body)")
                _ = try JWT(validating: token, with: keys, rules: rules, at: Date())
                count += 1
            }
            let published = try JWKSet(JSONObject(parsing: Array(await client.get("/jwks").body.utf8)))
            if published.keys.count >= algorithms.count * (rounds + 1) { return count }
        }
    }
}
