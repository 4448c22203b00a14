import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9449 §10: authorization codes bound to a key")
struct DPoPCodeTests {
    private static let redirect = ("redirect_uri", "https://spa.example/")

    /// Pushes a request of the public client.
    private func push(
        _ client: DPoPClient, _ verifier: Proof, _ more: [(String, String)] = [], proofs: [String]? = nil
    ) async throws -> Response {
        let request = [("response_type", "code"), ("client_id", "spa"), Self.redirect, ("scope", "openid")]
        return try await client.post("/par", request + verifier.parameters + more, proofs: proofs)
    }

    private func code(_ client: DPoPClient, pushed answer: Response) async throws -> String {
        let uri = try #require(try answer.json()["request_uri"]?.string)
        let response = try await Browser(client.issuer).authorize([("client_id", "spa"), ("request_uri", uri)])
        return try response.answer().required("code")
    }

    @Test("RFC9449-017 FAPI2-SP-015: a code with dpop_jkt is redeemed only with a proof by that key")
    func thumbprint() async throws {
        let client = try await DPoPClient()
        let verifier = Proof()
        let code = try await client.code(verifier, [("dpop_jkt", client.key.thumbprint)])
        for refused in [
            try await client.redeem(code, verifier, proofs: []), try await client.other().redeem(code, verifier),
        ] {
            #expect(refused.status == .badRequest)
            #expect(refused.error == "invalid_grant")
        }
        #expect(try await client.redeem(code, verifier).json()["token_type"] == "DPoP")
    }

    @Test(
        "a dpop_jkt that is no SHA-256 thumbprint is refused",
        arguments: [
            "x", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I=",
            "0ZcOCORZNYy+DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J",
        ])
    func malformed(_ thumbprint: String) async throws {
        let client = try await DPoPClient()
        let verifier = Proof()
        let request = [
            ("response_type", "code"), ("client_id", "spa"), Self.redirect, ("scope", "openid"),
            ("dpop_jkt", thumbprint),
        ]
        let answer = try await Browser(client.issuer).authorize(request + verifier.parameters).answer()
        #expect(answer["error"] == "invalid_request")
        #expect(answer["code"] == nil)
    }

    @Test("RFC9449-018: a pushed request is bound by its DPoP field, by dpop_jkt, or by both if they agree")
    func pushed() async throws {
        let client = try await DPoPClient()
        let jkt = [("dpop_jkt", client.key.thumbprint)]
        for (more, proofs) in [([], nil), (jkt, []), (jkt, nil)] as [([(String, String)], [String]?)] {
            let verifier = Proof()
            let code = try await code(client, pushed: push(client, verifier, more, proofs: proofs))
            #expect(try await client.other().redeem(code, verifier).error == "invalid_grant")
            #expect(try await client.redeem(code, verifier, proofs: []).error == "invalid_grant")
            #expect(try await client.redeem(code, verifier).status == .ok)
        }
        let verifier = Proof()
        let contradiction = try await push(client.other(), verifier, jkt)
        #expect(contradiction.status == .badRequest)
        #expect(contradiction.error == "invalid_dpop_proof")
    }

    @Test("the proof at PAR is for PAR, works once, and is checked like any other")
    func proofAtPAR() async throws {
        let client = try await DPoPClient()
        let good = try await client.proof("POST", "/par")
        let second = try await client.proof("POST", "/par")
        for proofs in [[try await client.proof("POST", "/token")], ["x"], [good, second]] {
            #expect(try await push(client, Proof(), proofs: proofs).error == "invalid_dpop_proof")
        }
        #expect(try await push(client, Proof(), proofs: [good]).status == .created)
        #expect(try await push(client, Proof(), proofs: [good]).error == "invalid_dpop_proof")
    }

    @Test("without a binding, any key may redeem the code, and the token is bound to it")
    func unbound() async throws {
        let client = try await DPoPClient()
        let verifier = Proof()
        let code = try await code(client, pushed: push(client, verifier, proofs: []))
        let other = try client.other()
        let token = try await other.redeem(code, verifier).json()["access_token"]?.string
        #expect(try JWTClaims.of(token)["cnf"] == ["jkt": .string(other.key.thumbprint)])
    }

    @Test("FAPI2-SP-014: a code is valid for at most 60 seconds")
    func lifetime() async throws {
        let client = try await DPoPClient()
        let verifier = Proof()
        let code = try await client.code(verifier)
        client.issuer.clock.advance(by: 60)
        #expect(try await client.redeem(code, verifier).error == "invalid_grant")
    }
}
