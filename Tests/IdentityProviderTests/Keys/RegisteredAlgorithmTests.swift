import Crypto
import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Keys of algorithms that clients and resource servers register")
struct RegisteredAlgorithmTests {
    private static let algorithms: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .ed25519, .es384, .ps384]
    private let day: TimeInterval = 86_400

    private static func client(_ members: JSONObject) throws -> JSONObject {
        let client: JSONObject = [
            "client_id": "new", "client_secret": "new-secret-new-secret-new-secret-1",
            "redirect_uris": ["https://new.example/callback"], "consent": "skip",
            "grant_types": ["authorization_code", "client_credentials"], "scope": "openid profile read",
        ]
        return client.changed(by: members)
    }

    private func published(_ issuer: TestIssuer, _ algorithm: SignatureAlgorithm) async throws -> [JWK] {
        try await issuer.keys().keys.filter { $0.algorithm == algorithm }
    }

    @Test(
        "the JWK Set has the key before anything is signed with it",
        arguments: [
            "id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg",
            "authorization_signed_response_alg",
        ])
    func client(_ member: String) async throws {
        let issuer = try await TestIssuer()
        #expect(try await published(issuer, .ed25519).isEmpty)
        let resources: JSONObject = ["clients": [.object(try Self.client([member: "Ed25519"]))]]
        _ = try await issuer.administration.apply(ResourceSet(resources), isPlan: true)
        #expect(try await published(issuer, .ed25519).isEmpty)
        _ = try await issuer.administration.apply(ResourceSet(resources))
        #expect(try await published(issuer, .ed25519).count == 1)
        let added = try Self.client(["client_id": "added", "client_secret": .null, member: "PS256"])
        _ = try await issuer.administration.createClient(added)
        #expect(try await published(issuer, .ps256).count == 1)
    }

    private static let server: JSONObject = [
        "identifier": "https://new.example", "scopes": ["read"], "access_token_signing_alg": "ES384",
    ]

    @Test("the same goes for resource servers, unless their tokens are opaque")
    func resourceServer() async throws {
        let issuer = try await TestIssuer()
        let opaque = Self.server.changed(by: ["access_token": "opaque", "access_token_signing_alg": .null])
        _ = try await issuer.administration.apply(ResourceSet(["resource_servers": [.object(opaque)]]))
        #expect(try await issuer.keys().keys.count == 2)
        _ = try await issuer.administration.apply(ResourceSet(["resource_servers": [.object(Self.server)]]))
        #expect(try await published(issuer, .es384).count == 1)
    }

    @Test(
        "of many tasks on two nodes that need a key at the same time, one makes it and nobody fails",
        arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let clock = TestClock()
        let first = try await TestIssuer(clock: clock, database: database)
        let second = try await TestIssuer(clock: clock, database: database)
        let signers = [first, second].map { TokenSigner($0.core) }
        let tokens = try await TestSupport.race(24) { number in
            try await signers[number % 2].sign(["sub": "x"], type: "JWT", by: .es384)
        }
        #expect(try await first.stores.keys.all().count { $0.algorithm == .es384 } == 1)
        let rules = JWTRules(algorithms: [.es384], expiry: .ignored)
        for node in [first, second] {
            let keys = try await node.keys()
            for token in tokens { _ = try JWT(validating: token, with: keys, rules: rules, at: clock.now) }
        }
    }

    @Test("they rotate, retire and are replaced like all others")
    func rotation() async throws {
        let issuer = try await TestIssuer()
        let client = try Self.client(["id_token_signed_response_alg": "Ed25519"])
        _ = try await issuer.administration.apply(ResourceSet(["clients": [.object(client)]]))
        let first = try #require(try await published(issuer, .ed25519).first?.keyID)
        issuer.clock.advance(by: 89 * day)
        try await issuer.provider.keyRotation.run()
        #expect(try await published(issuer, .ed25519).count == 2)
        issuer.clock.advance(by: 4 * day)
        try await issuer.provider.keyRotation.run()
        let second = try #require(try await published(issuer, .ed25519).first?.keyID)
        #expect(try await published(issuer, .ed25519).count == 1 && second != first)
        #expect(try await issuer.provider.keyRotation.algorithmsInUse() == [.es256, .rs256, .ed25519])
        try await issuer.provider.keyRotation.rotate(.ed25519, immediately: false)
        #expect(try await published(issuer, .ed25519).count == 2)
        #expect(try await issuer.provider.keyRotation.retire(second))
        #expect(try await !published(issuer, .ed25519).contains { $0.keyID == second })
        let former = Set(try await issuer.keys().keys.map(\.keyID))
        try await issuer.provider.keyRotation.replaceAll()
        let keys = try await issuer.keys().keys
        #expect(Set(keys.map(\.algorithm)) == [.es256, .rs256, .ed25519])
        #expect(keys.allSatisfy { !former.contains($0.keyID) })
    }

    @Test(
        "OpenID Connect Core §3.1.3.6: at_hash uses the hash of the ID Token's algorithm", arguments: algorithms)
    func accessTokenHash(_ algorithm: SignatureAlgorithm) async throws {
        let client = try Self.client([
            "id_token_signed_response_alg": .string(algorithm.rawValue),
            "userinfo_signed_response_alg": .string(algorithm.rawValue),
        ])
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: client))
        let request = [
            ("response_type", "code"), ("client_id", "new"), ("redirect_uri", "https://new.example/callback"),
            ("scope", "openid profile"), ("nonce", "n"),
        ]
        let code = try await Browser(issuer).authorize(request).answer().required("code")
        let tokens = try await issuer.token(
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://new.example/callback")],
            client: "new"
        ).json()
        let access = try #require(tokens["access_token"]?.string)
        let rules = JWTRules(algorithms: [algorithm], issuer: "https://id.example.com", audiences: ["new"])
        let idToken = try JWT(
            validating: #require(tokens["id_token"]?.string), with: await issuer.keys(), rules: rules,
            at: issuer.clock.now)
        let bytes = Array(access.utf8)
        let hash: [UInt8] =
            switch algorithm {
            case .es384, .ps384: Array(SHA384.hash(data: bytes).prefix(24))
            case .ed25519: Array(SHA512.hash(data: bytes).prefix(32))
            default: Array(SHA256.hash(data: bytes).prefix(16))
            }
        #expect(idToken.claims["at_hash"]?.string == Base64URL.encode(hash))

        let response = try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(access)"])
        #expect(response.headers[.contentType] == "application/jwt")
        guard case .bytes(let body) = response.body else { throw Unexpected("a page") }
        var signed = rules
        signed.expiry = .ifPresent
        let claims = try JWT(
            validating: String(decoding: body, as: UTF8.self), with: await issuer.keys(), rules: signed,
            at: issuer.clock.now
        ).claims
        #expect(claims["sub"] == idToken.claims["sub"] && claims["name"] == "Alice Liddell")
    }

    @Test(
        "RFC9864-001 RFC9864-003 RFC9864-010: Martlet signs with Ed25519 under its own name only, and verifies both names"
    )
    func names() async throws {
        let issuer = try await TestIssuer()
        let metadata = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        func list(_ name: String) -> [String] { metadata[name]?.array?.compactMap(\.string) ?? [] }
        for name in ["id_token", "userinfo", "introspection", "authorization"] {
            #expect(list("\(name)_signing_alg_values_supported") == Self.algorithms.map(\.rawValue))
        }
        for name in ["request_object", "token_endpoint_auth"] {
            let listed = list("\(name)_signing_alg_values_supported")
            #expect(listed.contains("Ed25519") && listed.contains("EdDSA"))
        }
        #expect(throws: InvalidDocument.self) { try Client(Self.client(["id_token_signed_response_alg": "EdDSA"])) }
    }

    @Test(
        "RFC9864-004 RFC9864-005: a key for one name of the algorithm doesn't verify the other; one for none does both",
        arguments: ["Ed25519", "EdDSA", nil], [SignatureAlgorithm.ed25519, .edDSA])
    func keyNames(_ name: String?, _ algorithm: SignatureAlgorithm) async throws {
        let client = try SigningClient("bank", algorithm)
        var key = try #require(client.key.publicKey().object)
        key["alg"] = name.map(JSON.string)
        #expect(key["kty"] == "OKP" && key["crv"] == "Ed25519")
        let registration = client.registration(["jwks": ["keys": [.object(key)]]])
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: registration))
        let answer = try await client.push(at: issuer)
        #expect((answer.status == .created) == (name == nil || name == algorithm.rawValue))
    }
}
