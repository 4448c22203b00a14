import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9449 §7: DPoP at protected resources")
struct DPoPResourceTests {
    private static let algorithms = "algs=\"ES256 ES384 PS256 PS384 Ed25519 EdDSA\""

    @Test("RFC9449-012 FAPI2-SP-034 FAPI2-SP-038: a bound token works with its key and a fresh proof")
    func proof() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string
        for scheme in ["DPoP", "dpop", "DPOP"] {
            #expect(try await client.get("/userinfo", token, scheme: scheme).status == .ok)
        }
        #expect(
            try await client.issuer.send(
                .post, "/userinfo",
                headers: [
                    .authorization: "DPoP \(token ?? "")", .dpop: client.proof("POST", "/userinfo", token: token),
                ]
            ).status == .ok)
    }

    @Test("RFC9449-012: a bad proof gets 401 with WWW-Authenticate: DPoP and algs")
    func refusals() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string
        let good = try await client.proof("GET", "/userinfo", token: token)
        let second = try await client.proof("GET", "/userinfo", token: token)
        for proofs in [
            [], [good, second], ["x"], [try await client.proof("POST", "/userinfo", token: token)],
            [try await client.proof("GET", "/token", token: token)], [try await client.proof("GET", "/userinfo")],
            [try await client.proof("GET", "/userinfo", token: "another.access.token")],
            [try await client.proof("GET", "/userinfo", token: token, claims: ["iat": 1_700_000_000])],
        ] {
            let refused = try await client.get("/userinfo", token, proofs: proofs)
            #expect(refused.status == .unauthorized)
            #expect(refused.headers[values: .wwwAuthenticate].count == 1)
            #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_dpop_proof\""))
            #expect(refused.challenge.contains(Self.algorithms))
        }
        let foreign = try await client.other().get("/userinfo", token)
        #expect(foreign.status == .unauthorized)
        #expect(foreign.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_token\""))
        #expect(foreign.challenge.contains(Self.algorithms))
        // None of them used up the good one.
        #expect(try await client.get("/userinfo", token, proofs: [good]).status == .ok)
        let replay = try await client.get("/userinfo", token, proofs: [good])
        #expect(replay.status == .unauthorized)
        #expect(replay.challenge.contains("invalid_dpop_proof"))
    }

    @Test("RFC9449-013: a bound token is refused as a bearer token, with a proof or without, in the field or the form")
    func bearer() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string ?? ""
        let proof = try await client.proof("GET", "/userinfo", token: token)
        for proofs in [[], [proof]] {
            let refused = try await client.get("/userinfo", token, scheme: "Bearer", proofs: proofs)
            #expect(refused.status == .unauthorized)
            // The client learns how to present it.
            #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_token\""))
        }
        let form = try await client.post("/userinfo", [("access_token", token)])
        #expect(form.status == .unauthorized)
        let both = try await client.issuer.send(
            .post, "/userinfo", form: [("access_token", token)],
            headers: [
                .authorization: "DPoP \(token)", .dpop: client.proof("POST", "/userinfo", token: token),
            ])
        #expect(both.challenge.contains("invalid_request"))
    }

    @Test("a token that isn't bound is refused with the scheme DPoP, whatever the proof")
    func unbound() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens(proofs: [])["access_token"]?.string
        #expect(try await client.get("/userinfo", token, scheme: "Bearer", proofs: []).status == .ok)
        let refused = try await client.get("/userinfo", token)
        #expect(refused.status == .unauthorized)
        #expect(refused.challenge.hasPrefix("Bearer realm=\"martlet\", error=\"invalid_token\""))
    }

    @Test("FAPI2-SP-035: a token in the query is ignored, and a request without a token is offered both schemes")
    func query() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string ?? ""
        let proof = try await client.proof("GET", "/userinfo", token: token)
        let answer = try await client.issuer.send(
            .get, "/userinfo", query: "access_token=\(token)", headers: [.dpop: proof])
        #expect(answer.status == .unauthorized)
        let challenges = answer.headers[values: .wwwAuthenticate]
        #expect(challenges == ["Bearer realm=\"martlet\"", "DPoP realm=\"martlet\", \(Self.algorithms)"])
    }

    @Test("FAPI2-SP-036: an expired, revoked, altered or foreign token is refused, even with its proof")
    func validity() async throws {
        let client = try await DPoPClient()
        let tokens = try await client.tokens()
        let token = tokens["access_token"]?.string ?? ""
        let altered = String(token.dropLast(4)) + "AAAA"
        let elsewhere = try await client.tokens(scope: "orders.read")["access_token"]?.string
        for refused in [altered, elsewhere, tokens["refresh_token"]?.string, tokens["id_token"]?.string, "x"] {
            let answer = try await client.get("/userinfo", refused)
            #expect(answer.status == .unauthorized)
            #expect(answer.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"invalid_token\""))
        }
        let other = try await client.tokens()["access_token"]?.string
        _ = try await client.post("/revoke", [("token", other ?? ""), ("client_id", "spa")], proofs: [])
        #expect(try await client.get("/userinfo", other).status == .unauthorized)
        client.issuer.clock.advance(by: 3_600)
        #expect(try await client.get("/userinfo", token).status == .unauthorized)
    }

    @Test("FAPI2-SP-037: a missing scope gets 403 in the scheme of the token")
    func scope() async throws {
        let client = try await DPoPClient()
        // Without scope, the token is for the issuer.
        let token = try await client.tokens(scope: "profile")["access_token"]?.string
        let refused = try await client.get("/userinfo", token)
        #expect(refused.status == .forbidden)
        #expect(refused.challenge.hasPrefix("DPoP realm=\"martlet\", error=\"insufficient_scope\""))
        #expect(refused.challenge.contains("scope=\"openid\""))
        #expect(refused.challenge.contains(Self.algorithms))
    }

    @Test("RFC 9470 §3: a step-up challenge comes in the scheme of the token", arguments: ["DPoP", "Bearer"])
    func stepUp(_ scheme: String) async throws {
        let client = try await DPoPClient()
        let proofs: [String]? = scheme == "DPoP" ? nil : []
        let token = try await client.tokens(proofs: proofs)["access_token"]?.string
        try await client.issuer.apply(
            """
            {"roles": [{"name": "editor", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}]}
            """)
        client.issuer.clock.advance(by: 60)
        let refused = try await client.get("/userinfo", token, scheme: scheme, proofs: proofs)
        #expect(refused.status == .unauthorized)
        #expect(refused.challenge.hasPrefix("\(scheme) realm=\"martlet\", error=\"insufficient_user_authentication\""))
        #expect(refused.challenge.contains("acr_values=\"urn:martlet:acr:2\""))
        #expect(refused.challenge.contains(Self.algorithms) == (scheme == "DPoP"))
    }

    @Test(
        "of concurrent requests with one proof, exactly one is answered, across nodes", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let client = try await DPoPClient(database)
        let node = try await DPoPClient(
            TestIssuer(resources: DPoPClient.resources, clock: client.issuer.clock, database: database), client.key)
        let token = try await client.tokens()["access_token"]?.string
        let proof = try await client.proof("GET", "/userinfo", token: token)
        let statuses = try await TestSupport.race(16) { number in
            try await (number.isMultiple(of: 2) ? client : node).get("/userinfo", token, proofs: [proof]).status
        }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .unauthorized } == 15)
    }

    @Test("whoever has no valid token stores nothing, whatever proofs they send")
    func nothingStored() async throws {
        let client = try await DPoPClient()
        let token = try await client.tokens()["access_token"]?.string
        let before = client.issuer.database.database.committedUnits
        for sender in [client, try client.other()] {
            for text in ["x", "a.b.c", String((token ?? "").dropLast(2)) + "AA"] {
                #expect(try await sender.get("/userinfo", text).status == .unauthorized)
            }
        }
        #expect(try await client.other().get("/userinfo", token).status == .unauthorized)
        #expect(client.issuer.database.database.committedUnits == before)
    }
}
