import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9449 §5: DPoP at the token endpoint")
struct DPoPTokenTests {
    @Test("RFC9449-001: exactly one DPoP field with a well-formed JWT")
    func fields() async throws {
        let client = try await DPoPClient()
        #expect(try await client.ownToken().json()["token_type"] == "DPoP")
        let plain = try await client.ownToken(proofs: []).json()
        #expect(plain["token_type"] == "Bearer")
        let (one, two) = (try await client.proof("POST", "/token"), try await client.proof("POST", "/token"))
        for proofs in [[one, two], [one, one], [""], ["x"], ["a.b.c"], ["\(one), \(two)"]] {
            let refused = try await client.ownToken(proofs: proofs)
            #expect(refused.status == .badRequest)
            #expect(refused.error == "invalid_dpop_proof")
        }
        // Neither was used up.
        #expect(try await client.ownToken(proofs: [one]).status == .ok)
    }

    @Test("RFC9449-006: token_type is DPoP; a bad proof is invalid_dpop_proof with status 400, and grants nothing")
    func badProof() async throws {
        let client = try await DPoPClient()
        let verifier = Proof()
        let code = try await client.code(verifier)
        let proofs = [
            try await client.proof("GET", "/token"), try await client.proof("POST", "/par"),
            try await client.proof("POST", "/token", claims: ["iat": 1_700_000_000]),
        ]
        for proof in proofs {
            let refused = try await client.redeem(code, verifier, proofs: [proof])
            #expect(refused.status == .badRequest)
            #expect(refused.error == "invalid_dpop_proof")
            #expect(refused.headers[.dpopNonce] == nil)
        }
        // The code was not used up.
        let tokens = try await client.redeem(code, verifier).json()
        #expect(tokens["token_type"] == "DPoP")
        #expect(tokens["refresh_token"]?.string != nil)
    }

    @Test("a proof works once: a replay is refused before the code's replay is noticed", arguments: TestEngine.allCases)
    func replay(_ engine: TestEngine) async throws {
        let client = try await DPoPClient(TestDatabase(engine))
        let verifier = Proof()
        let code = try await client.code(verifier)
        let proof = try await client.proof("POST", "/token")
        let tokens = try await client.redeem(code, verifier, proofs: [proof]).json()
        let replay = try await client.redeem(code, verifier, proofs: [proof])
        #expect(replay.error == "invalid_dpop_proof")
        // An attacker who only recorded the request can't revoke the tokens.
        #expect(try await client.get("/userinfo", tokens["access_token"]?.string).status == .ok)
    }

    @Test("the jti of one key says nothing about that of another")
    func otherKey() async throws {
        let client = try await DPoPClient()
        let other = try client.other()
        let mine = try await client.proof("POST", "/token", claims: ["jti": "same"])
        let theirs = try await other.proof("POST", "/token", claims: ["jti": "same"])
        #expect(try await client.ownToken(proofs: [mine]).status == .ok)
        #expect(try await other.ownToken(proofs: [theirs]).status == .ok)
        let again = try await client.proof("POST", "/token", claims: ["jti": "same"])
        #expect(try await client.ownToken(proofs: [again]).error == "invalid_dpop_proof")
    }

    @Test(
        "RFC9449-008: the metadata lists the algorithms",
        arguments: ["openid-configuration", "oauth-authorization-server"])
    func metadata(_ document: String) async throws {
        let client = try await DPoPClient()
        let metadata = try await client.issuer.send(.get, "/.well-known/\(document)").json()
        let listed = metadata["dpop_signing_alg_values_supported"]?.array?.compactMap(\.string) ?? []
        #expect(listed == ["ES256", "ES384", "PS256", "PS384", "Ed25519", "EdDSA"])
    }

    @Test("RFC9449-009: a client registered with dpop_bound_access_tokens gets no token without a proof")
    func bound() async throws {
        let client = try await DPoPClient()
        let refused = try await client.ownToken(as: "bound", proofs: [])
        #expect(refused.status == .badRequest)
        #expect(refused.error == "invalid_dpop_proof")
        #expect(try await client.ownToken(as: "bound").json()["token_type"] == "DPoP")
    }

    @Test("RFC9449-010: cnf.jkt of a JWT access token is the thumbprint of the key")
    func confirmation() async throws {
        let client = try await DPoPClient()
        let token = try await client.ownToken(scope: "orders.read").json()["access_token"]?.string
        let claims = try JWTClaims.of(token)
        #expect(claims["cnf"] == ["jkt": .string(client.key.thumbprint)])
        let plain = try await client.ownToken(scope: "orders.read", proofs: []).json()["access_token"]?.string
        #expect(try JWTClaims.of(plain)["cnf"] == nil)
    }

    @Test("RFC9449-011: introspection names cnf.jkt and token_type DPoP", arguments: ["orders.read", "reports.read"])
    func introspection(_ scope: String) async throws {
        let client = try await DPoPClient()
        for (proofs, type) in [(nil, "DPoP"), ([], "Bearer")] as [([String]?, String)] {
            let token = try await client.ownToken(scope: scope, proofs: proofs).json()["access_token"]?.string ?? ""
            let description = try await client.issuer.token([("token", token)], client: "api", at: "/introspect").json()
            #expect(description["active"] == true)
            #expect(description["token_type"] == .string(type))
            #expect(description["cnf"] == (proofs == nil ? ["jkt": .string(client.key.thumbprint)] : nil))
        }
    }

    @Test("RFC9449-007: the refresh token of a public client works only with its key")
    func refresh() async throws {
        let client = try await DPoPClient()
        let first = try await client.tokens()["refresh_token"]?.string
        let thief = try client.other()
        for refused in [
            try await client.refresh(first, proofs: []), try await thief.refresh(first),
        ] {
            #expect(refused.status == .badRequest)
            #expect(refused.error == "invalid_grant")
        }
        // Not used up by the thief.
        let next = try await client.refresh(first).json()
        #expect(next["token_type"] == "DPoP")
        let second = next["refresh_token"]?.string
        #expect(try await client.refresh(second, proofs: []).error == "invalid_grant")
        #expect(try await thief.refresh(second).error == "invalid_grant")
        #expect(try await client.refresh(second).status == .ok)
    }

    @Test("RFC9449-007: a public client that begins to send proofs gets a bound refresh token from then on")
    func laterProof() async throws {
        let client = try await DPoPClient()
        let plain = try await client.tokens(proofs: [])
        #expect(plain["token_type"] == "Bearer")
        let bound = try await client.refresh(plain["refresh_token"]?.string).json()
        #expect(bound["token_type"] == "DPoP")
        let token = bound["refresh_token"]?.string
        #expect(try await client.refresh(token, proofs: []).error == "invalid_grant")
        #expect(try await client.other().refresh(token).error == "invalid_grant")
        #expect(try await client.refresh(token).status == .ok)
    }

    @Test("the refresh token of a confidential client is bound by its authentication, so it may change its key")
    func confidential() async throws {
        let client = try await DPoPClient()
        let code = try await Browser(client.issuer).code(scope: "openid offline_access")
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://shop.example/callback"),
        ]
        let token = try await client.post("/token", form, as: "web").json()["refresh_token"]?.string ?? ""
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)]
        let other = try client.other()
        let next = try await other.post("/token", refresh, as: "web").json()
        #expect(next["token_type"] == "DPoP")
        #expect(try await other.get("/userinfo", next["access_token"]?.string).status == .ok)
        #expect(try await client.get("/userinfo", next["access_token"]?.string).status == .unauthorized)
    }

    @Test("introspection and revocation of a bound token need no proof")
    func revocation() async throws {
        let client = try await DPoPClient()
        let tokens = try await client.tokens()
        let refresh = tokens["refresh_token"]?.string ?? ""
        let form = [("token", refresh), ("client_id", "spa")]
        #expect(try await client.post("/revoke", form, proofs: []).status == .ok)
        #expect(try await client.get("/userinfo", tokens["access_token"]?.string).status == .unauthorized)
        #expect(try await client.refresh(refresh).error == "invalid_grant")
    }

    @Test(
        "of concurrent requests with one proof, exactly one gets a token, across nodes",
        arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let client = try await DPoPClient(database)
        let node = try await DPoPClient(
            TestIssuer(resources: DPoPClient.resources, clock: client.issuer.clock, database: database), client.key)
        let proof = try await client.proof("POST", "/token")
        let statuses = try await TestSupport.race(16) { number in
            try await (number.isMultiple(of: 2) ? client : node).ownToken(proofs: [proof]).status
        }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .badRequest } == 15)
    }

    @Test("a used proof is forgotten once it is too old to be accepted", arguments: TestEngine.allCases)
    func memory(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let client = try await DPoPClient(database)
        let proof = try await client.proof("POST", "/token")
        _ = try await client.ownToken(proofs: [proof])
        client.issuer.clock.advance(by: 74)
        _ = try await client.issuer.stores.upkeep.removeExpired(before: client.issuer.clock.now, limit: 100)
        #expect(try await client.ownToken(proofs: [proof]).error == "invalid_dpop_proof")
        client.issuer.clock.advance(by: 17)
        #expect(try await client.issuer.stores.upkeep.removeExpired(before: client.issuer.clock.now, limit: 100) > 0)
        #expect(try await client.ownToken(proofs: [proof]).error == "invalid_dpop_proof")
    }
}
