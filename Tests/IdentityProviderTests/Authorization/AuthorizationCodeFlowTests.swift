import Crypto
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("OpenID Connect Core §3.1: authorization code flow")
struct AuthorizationCodeFlowTests {
    @Test("a user signs in and consents, and the client gets tokens that verify against the JWK Set")
    func wholeFlow() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).authorize(
            Browser.webRequest(scope: "openid profile email offline_access"))
        let answer = try response.answer()
        #expect(response.headers[.location]?.hasPrefix("https://shop.example/callback?") == true)
        #expect(answer["state"] == "the-state")
        #expect(answer["iss"] == "https://id.example.com")

        let tokens = try await issuer.redeem(answer.required("code"))
        #expect(tokens.status == .ok)
        #expect(tokens.headers[.cacheControl] == "no-store")
        let body = try tokens.json()
        #expect(body["token_type"] == "Bearer")
        #expect(body["expires_in"] == 600)

        let keys = try await issuer.keys()
        let idToken = try JWT(
            validating: try #require(body["id_token"]?.string), with: keys,
            rules: JWTRules(algorithms: [.es256], issuer: "https://id.example.com", audiences: ["web"]),
            at: issuer.clock.now)
        #expect(idToken.claims["nonce"] == "the-nonce")
        #expect(idToken.claims["amr"] == ["pwd"])
        #expect(idToken.claims["azp"] == "web")
        #expect(idToken.claims["auth_time"] == 1_800_000_000)
        let accessToken = try #require(body["access_token"]?.string)
        let half = Base64URL.encode(Array(SHA256.hash(data: Array(accessToken.utf8)).prefix(16)))
        #expect(idToken.claims["at_hash"]?.string == half)
        #expect(idToken.claims["name"] == nil)

        let access = try JWT(
            validating: accessToken, with: keys,
            rules: JWTRules(algorithms: [.es256], audiences: ["https://id.example.com"], types: ["at+jwt"]),
            at: issuer.clock.now)
        #expect(access.claims["client_id"] == "web")

        let claims = try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(accessToken)"]).json()
        #expect(claims["sub"] == idToken.claims["sub"])
        #expect(claims["name"] == "Alice Liddell")
        #expect(claims["email_verified"] == true)
        #expect(claims["address"] == nil)
    }

    @Test("a second client doesn't ask the user to sign in again, and consent is remembered")
    func singleSignOn() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let own = try await browser.get(
            "/authorize",
            [
                ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
                ("scope", "openid"), ("nonce", "n"), ("prompt", "none"),
            ])
        #expect(try own.answer()["code"] != nil)
        let again = try await browser.get("/authorize", Browser.webRequest())
        #expect(try again.answer()["code"] != nil)
        let more = try await browser.get("/authorize", Browser.webRequest(scope: "openid email"))
        #expect(try more.page().template == "consent")
    }

    @Test("a public client must prove that it started the flow (RFC 7636 §4.6)")
    func publicClient() async throws {
        let issuer = try await TestIssuer()
        let proof = Proof()
        let request = [
            ("response_type", "code"), ("client_id", "spa"), ("redirect_uri", "https://spa.example/"),
            ("scope", "openid"),
        ]
        let answer = try await Browser(issuer).authorize(request + proof.parameters).answer()
        let form = [
            ("grant_type", "authorization_code"), ("code", try answer.required("code")),
            ("redirect_uri", "https://spa.example/"), ("client_id", "spa"),
        ]
        #expect(try await issuer.send(.post, "/token", form: form).json()["error"] == "invalid_grant")
        let wrong = form + [("code_verifier", Proof().verifier)]
        #expect(try await issuer.send(.post, "/token", form: wrong).json()["error"] == "invalid_grant")
        // An attempt without the verifier doesn't use up the code.
        let right = form + [("code_verifier", proof.verifier)]
        #expect(try await issuer.send(.post, "/token", form: right).status == .ok)
    }

    @Test("RFC 8252 §7.3: a native app may use any port of a loopback address")
    func loopbackPort() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).authorize(
            [
                ("response_type", "code"), ("client_id", "native"),
                ("redirect_uri", "http://127.0.0.1:51004/callback"), ("scope", "openid"),
            ] + Proof().parameters)
        #expect(response.headers[.location]?.hasPrefix("http://127.0.0.1:51004/callback?code=") == true)
    }

    @Test("a user who denies consent sends access_denied to the client")
    func refusal() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest()).page()
        let consent = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        let answer = try await browser.submit(consent, [("decision", "deny")]).answer()
        #expect(answer["error"] == "access_denied")
        #expect(answer["state"] == "the-state")
    }

    @Test("a cross-site POST reaches the session, because its cookie is sent with the GET that follows")
    func crossSitePost() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let posted = try await browser.request(.post, "/authorize", form: Browser.webRequest(), crossSite: true)
        #expect(posted.status == .seeOther)
        #expect(try await browser.follow(posted).answer()["code"] != nil)
    }
}
