import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Client secrets that are registered by their hash")
struct HashedClientSecretTests {
    private static let secret = "7d0f3f1d8f5ce4ad0f7a6d3b7c0a9a51f6a0e4a0a9c5e7f1b2c3d4e5f6071829"
    private static let hash = HashedClientSecret.text(of: secret)

    private func document(_ members: JSONObject) -> JSONObject {
        var client: JSONObject = ["client_id": "shop", "grant_types": ["client_credentials"], "scope": "openid"]
        client.merge(members)
        return client
    }

    private func resources(_ members: JSONObject) throws -> ResourceSet {
        try ResourceSet(["clients": [.object(document(members))]])
    }

    private func status(_ issuer: TestIssuer, _ secret: String) async throws -> HTTPResponse.Status {
        // The cached client has expired.
        issuer.clock.advance(by: 31)
        return try await issuer.token([("grant_type", "client_credentials")], client: "shop", secret: secret).status
    }

    @Test("the hash is that of `sha256sum`")
    func form() {
        #expect(
            HashedClientSecret.text(of: "abc")
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("the client authenticates with the secret, never with the hash, which others can read")
    func authenticates() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        _ = try await issuer.administration.apply(resources(["client_secret_digest": .string(Self.hash)]))
        #expect(try await status(issuer, Self.secret) == .ok)
        for wrong in [Self.hash, String(Self.hash.dropFirst(7)), HashedClientSecret.text(of: Self.hash), "", "x"] {
            #expect(try await status(issuer, wrong) == .unauthorized)
        }
    }

    @Test("a plain secret that looks like a hash is only that secret")
    func plain() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        _ = try await issuer.administration.apply(resources(["client_secret": .string(Self.hash)]))
        #expect(try await status(issuer, Self.hash) == .ok)
        #expect(try await status(issuer, Self.secret) == .unauthorized)
    }

    @Test("applying again changes nothing; a file can change from the secret to its hash and back")
    func applying() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        let (plain, hashed) = try (
            resources(["client_secret": .string(Self.secret)]), resources(["client_secret_digest": .string(Self.hash)])
        )
        for (index, set) in [plain, hashed, plain].enumerated() {
            let changes = try await issuer.administration.apply(set)
            #expect(changes.map(\.members) == [index == 0 ? [] : ["client_secret"]])
            #expect(try await issuer.administration.apply(set).isEmpty)
            #expect(try await status(issuer, Self.secret) == .ok)
        }
    }

    @Test("the digest is renewed under a new data key on use")
    func renewed() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        _ = try await issuer.administration.apply(resources(["client_secret_digest": .string(Self.hash)]))
        let former = try await issuer.stores.clients.find(Identifier(rawValue: "shop"))?.secret
        _ = try await DataKeyRotation(vault: issuer.vault, audit: issuer.audit).add(.digest)
        issuer.clock.advance(by: DataKeyPlan.lead)
        #expect(try await status(issuer, Self.secret) == .ok)
        let renewed = try await issuer.stores.clients.find(Identifier(rawValue: "shop"))?.secret
        #expect(renewed != former)
        #expect(try await status(issuer, Self.secret) == .ok)
        #expect(try await status(issuer, Self.hash) == .unauthorized)
    }

    @Test(
        "mistakes are reported",
        arguments: [
            (["client_secret_digest": "x"], "must be sha256: followed by 64 lowercase hexadecimal digits"),
            (["client_secret_digest": 1], "must be a string"),
            (["client_secret_digest": .string(hash.uppercased())], "must be sha256: followed by"),
            (
                ["client_secret_digest": .string(hash), "client_secret": .string(secret)],
                "cannot be combined with client_secret"
            ),
            (
                ["client_secret_digest": .string(hash), "token_endpoint_auth_method": "client_secret_jwt"],
                "cannot be used with client_secret_jwt, which needs the secret itself"
            ),
            (
                ["client_secret_digest": .string(hash), "token_endpoint_auth_method": "none", "grant_types": []],
                "is not used with token_endpoint_auth_method none"
            ),
        ] as [(JSONObject, String)])
    func mistakes(_ members: JSONObject, _ reason: String) throws {
        let error = #expect(throws: InvalidResources.self) { try resources(members) }
        #expect(error?.problems.map(\.member) == ["clients[0].client_secret_digest"])
        #expect(error?.problems.first?.reason.hasPrefix(reason) == true, "\(String(describing: error))")
    }
}
