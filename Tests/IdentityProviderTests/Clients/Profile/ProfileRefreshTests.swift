import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("FAPI 2.0 Security Profile §5.3.2.1: refresh tokens")
struct ProfileRefreshTests {
    private let client: SigningClient
    private let key: DPoPKey
    private let issuer: TestIssuer

    init() async throws {
        client = try SigningClient()
        key = try DPoPKey()
        issuer = try await TestIssuer(
            resources: TestIssuer.resources(
                adding: client.registration(["profile": "fapi2", "scope": "openid offline_access"])))
    }

    private func ask(_ form: [(String, String)]) async throws -> Response {
        let proof = try await key.proof("POST", "https://id.example.com/token", at: issuer.clock.now)
        return try await issuer.send(
            .post, "/token", form: form + client.credentials(for: issuer), headers: [.dpop: proof])
    }

    @Test("FAPI2-SP-012: a refresh token doesn't rotate, so using it again is never a replay")
    func kept() async throws {
        let request = try await client.pushed(["scope": "openid offline_access"], at: issuer)
        let code = try await Browser(issuer).authorize(request).answer().required("code")
        let tokens = try await ask([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", client.redirectURI),
            ("code_verifier", SigningClient.proof.verifier),
        ]).json()
        let token = try #require(tokens["refresh_token"]?.string)
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)]
        for _ in 0..<3 {
            // Longer than the grace period for a token that rotates.
            issuer.clock.advance(by: 3_600)
            let next = try await ask(refresh)
            #expect(next.status == .ok)
            #expect(try next.json()["refresh_token"] == nil)
            #expect(try next.json()["token_type"] == "DPoP")
        }
        let statuses = try await TestSupport.race(8) { _ in try await ask(refresh).status }
        #expect(statuses.allSatisfy { $0 == .ok })
        let revoked = try await issuer.send(
            .post, "/revoke", form: [("token", token)] + client.credentials(for: issuer))
        #expect(revoked.status == .ok)
        #expect(try await ask(refresh).json()["error"] == "invalid_grant")
    }
}
