import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9449 §8, §9: nonces of the server")
struct DPoPNonceTests {
    private func client() async throws -> DPoPClient { try await DPoPClient { $0.requiresDPoPNonces = true } }

    private func ask(_ client: DPoPClient, _ nonce: JSON?) async throws -> Response {
        let proof = try await client.proof("POST", "/token", claims: ["nonce": nonce])
        return try await client.ownToken(proofs: [proof])
    }

    private func nonce(_ client: DPoPClient) async throws -> String {
        try #require(try await client.ownToken().headers[.dpopNonce])
    }

    @Test("RFC9449-014: use_dpop_nonce with status 400 and exactly one DPoP-Nonce, at the token and PAR endpoints")
    func challenge() async throws {
        let client = try await client()
        let par = [
            ("response_type", "code"), ("client_id", "web"), ("redirect_uri", "https://shop.example/callback"),
            ("scope", "openid"),
        ]
        var nonces: Set<String> = []
        for refused in [
            try await client.ownToken(), try await client.post("/par", par, as: "web"),
            try await ask(client, "made-up"), try await ask(client, 1), try await ask(client, ""),
        ] {
            #expect(refused.status == .badRequest)
            #expect(refused.error == "use_dpop_nonce")
            #expect(refused.headers[values: .dpopNonce].count == 1)
            nonces.insert(try #require(refused.headers[.dpopNonce]))
        }
        // Unpredictable, and text that needs no escapes (§8.1).
        #expect(nonces.count == 5)
        for nonce in nonces { #expect(nonce.wholeMatch(of: /[A-Za-z0-9_-]{40,200}/) != nil) }
        for nonce in nonces { #expect(try await ask(client, .string(nonce)).status == .ok) }
    }

    @Test("RFC9449-014: a stale nonce is refused with a new one, and one of another issuer is unknown")
    func stale() async throws {
        let client = try await client()
        let nonce = try await nonce(client)
        client.issuer.clock.advance(by: 299)
        #expect(try await ask(client, .string(nonce)).status == .ok)
        client.issuer.clock.advance(by: 1)
        let refused = try await ask(client, .string(nonce))
        #expect(refused.error == "use_dpop_nonce")
        let next = try #require(refused.headers[.dpopNonce])
        #expect(try await ask(client, .string(next)).status == .ok)
        let elsewhere = try await DPoPClient(
            TestIssuer("https://other.example", resources: DPoPClient.resources, clock: client.issuer.clock) {
                $0.requiresDPoPNonces = true
            })
        #expect(try await ask(client, .string(self.nonce(elsewhere))).error == "use_dpop_nonce")
    }

    @Test("RFC9449-015: an aging nonce is replaced on a successful answer, which is not cacheable")
    func rotation() async throws {
        let client = try await client()
        let nonce = try await nonce(client)
        #expect(try await ask(client, .string(nonce)).headers[.dpopNonce] == nil)
        client.issuer.clock.advance(by: 150)
        let answer = try await ask(client, .string(nonce))
        #expect(answer.status == .ok)
        #expect(answer.headers[values: .dpopNonce].count == 1)
        #expect(answer.headers[.cacheControl] == "no-store")
        let next = try #require(answer.headers[.dpopNonce])
        client.issuer.clock.advance(by: 149)
        #expect(try await ask(client, .string(next)).headers[.dpopNonce] == nil)
    }

    @Test("RFC9449-016: a resource asks for a nonce with 401, and offers the next one on a successful answer")
    func resource() async throws {
        let client = try await client()
        let first = try await nonce(client)
        let proof = try await client.proof("POST", "/token", nonce: first)
        let token = try await client.tokens(proofs: [proof])["access_token"]?.string
        let refused = try await client.get("/userinfo", token)
        #expect(refused.status == .unauthorized)
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"use_dpop_nonce\""))
        #expect(refused.headers[values: .dpopNonce].count == 1)
        let nonce = try #require(refused.headers[.dpopNonce])
        func ask() async throws -> Response {
            let proof = try await client.proof("GET", "/userinfo", token: token, nonce: nonce)
            return try await client.get("/userinfo", token, proofs: [proof])
        }
        let answer = try await ask()
        #expect(answer.status == .ok)
        #expect(answer.headers[.dpopNonce] == nil)
        client.issuer.clock.advance(by: 151)
        let later = try await ask()
        #expect(later.status == .ok)
        #expect(later.headers[values: .dpopNonce].count == 1)
        #expect(later.headers[.cacheControl] == "no-store")
    }

    @Test("RFC9449-020: once nonces are on, no proof without one is accepted, by any node")
    func required() async throws {
        let client = try await client()
        let nonce = try await nonce(client)
        #expect(try await ask(client, .string(nonce)).status == .ok)
        for missing in [nil, .null] as [JSON?] { #expect(try await ask(client, missing).error == "use_dpop_nonce") }
        let node = try await DPoPClient(
            TestIssuer(
                resources: DPoPClient.resources, clock: client.issuer.clock, database: client.issuer.database
            ) { $0.requiresDPoPNonces = true }, client.key)
        #expect(try await ask(node, nil).error == "use_dpop_nonce")
        #expect(try await ask(node, .string(nonce)).status == .ok)
    }

    @Test("FAPI2-SP-013: nonces are optional: without the setting, none is offered, and any is ignored")
    func off() async throws {
        let client = try await DPoPClient()
        for nonce in [nil, "x", 1] as [JSON?] {
            let answer = try await ask(client, nonce)
            #expect(answer.status == .ok)
            #expect(answer.headers[.dpopNonce] == nil)
        }
    }

    @Test("a proof that was made in advance needs a nonce of its time, and asking for nonces stores nothing")
    func precomputed() async throws {
        let client = try await client()
        let nonce = try await nonce(client)
        let later = Int(client.issuer.clock.now.timeIntervalSince1970) + 600
        let prepared = try await client.proof(
            "POST", "/token", claims: ["iat": .integer(later), "nonce": .string(nonce)])
        client.issuer.clock.advance(by: 600)
        #expect(try await client.ownToken(proofs: [prepared]).error == "use_dpop_nonce")
        let before = client.issuer.database.database.committedUnits
        for _ in 0..<20 { _ = try await self.nonce(client) }
        #expect(client.issuer.database.database.committedUnits == before)
    }
}
