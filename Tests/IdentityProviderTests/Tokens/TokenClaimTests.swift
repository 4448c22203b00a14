import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Claims of tokens (RFC 9068 §2.2; OpenID Connect Core §2)")
struct TokenClaimTests {
    @Test(
        "RFC9068-003 RFC9068-004 RFC7519-006: an access token names issuer, user, client and time, and has its own jti")
    func accessToken() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        let next = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        let claims = try JWTClaims.of(tokens["access_token"]?.string)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(claims["iss"] == "https://id.example.com")
        #expect(claims["sub"]?.string == alice.id.rawValue)
        #expect(claims["aud"] == "https://id.example.com")
        #expect(claims["client_id"] == "web")
        #expect(claims["iat"] == 1_800_000_000)
        #expect(claims["exp"] == 1_800_000_600)
        let again = try JWTClaims.of(next["access_token"]?.string)
        let names = [claims["jti"]?.string, again["jti"]?.string].compactMap { $0?.split(separator: ".").last }
        #expect(names.count == 2 && names[0] != names[1])
        // 128 random bits.
        #expect(try names.map { try Base64URL.decode(String($0)).count } == [16, 16])
        let own = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.read")]).json()
        let machine = try JWTClaims.of(own["access_token"]?.string)
        #expect(machine["sub"] == "web" && machine["client_id"] == "web")
        #expect(["iss", "aud", "iat", "exp", "jti"].filter { machine[$0] == nil } == [])
    }

    @Test("FAPI2-SP-031: a nonce comes back unchanged, however long and odd", arguments: [64, 512])
    func nonce(_ length: Int) async throws {
        let nonce = String(repeating: "aZ09-._~ +/=%&\"é", count: length / 16)
        let issuer = try await TestIssuer()
        let request = Browser.webRequest(scope: "openid").filter { $0.0 != "nonce" } + [("nonce", nonce)]
        let code = try await Browser(issuer).authorize(request).answer().required("code")
        let tokens = try await issuer.redeem(code).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["nonce"]?.string == nonce)
    }

    @Test("OIDC-Front-Channel-Logout-004: sid in the ID Token names the session, the same for every client in it")
    func session() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        func session(of tokens: JSONObject) throws -> String? {
            try JWTClaims.of(tokens["id_token"]?.string)["sid"]?.string
        }
        let tokens = try await issuer.redeem(browser.code(scope: "openid offline_access")).json()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let stored = try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now)
        #expect(stored.count == 1)
        #expect(try session(of: tokens) == stored.first?.id.rawValue)
        let next = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        #expect(try session(of: next) == stored.first?.id.rawValue)
        let request = [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid"), ("nonce", "n"),
        ]
        let code = try await browser.authorize(request).answer().required("code")
        let own = try await issuer.token(
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://own.example/callback")],
            client: "own"
        ).json()
        #expect(try session(of: own) == stored.first?.id.rawValue)
        let other = try await issuer.redeem(Browser(issuer).code(scope: "openid")).json()
        #expect(try session(of: other) != stored.first?.id.rawValue)
    }
}
