import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("OpenID Connect Core §5.5: the claims parameter")
struct ClaimsParameterTests {
    private func claims(_ text: String) -> [(String, String)] { [("claims", text)] }

    private func tokens(_ issuer: TestIssuer, _ text: String, scope: String = "openid") async throws -> JSONObject {
        try await issuer.redeem(try await Browser(issuer).code(scope: scope, claims(text))).json()
    }

    private func userInfo(_ issuer: TestIssuer, _ tokens: JSONObject) async throws -> JSONObject {
        let token = tokens["access_token"]?.string ?? ""
        return try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(token)"]).json()
    }

    @Test("a claim is returned only where it was requested")
    func places() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(
            issuer, #"{"userinfo": {"name": {"essential": true}}, "id_token": {"email": null}, "other": 1}"#)
        let idToken = try JWT.unverifiedClaims(of: tokens["id_token"]?.string ?? "")
        #expect(idToken["email"] == "alice@example.com")
        #expect(idToken["name"] == nil)
        let info = try await userInfo(issuer, tokens)
        #expect(info["name"] == "Alice Liddell")
        #expect(info["email"] == nil)
        #expect(tokens["scope"] == "openid")
    }

    @Test("a refreshed token keeps the requested claims")
    func refresh() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(
            issuer, #"{"userinfo": {"name": null}, "id_token": {"email": null}}"#, scope: "openid offline_access")
        let second = try await issuer.refresh(first["refresh_token"]?.string ?? "").json()
        let idToken = try JWT.unverifiedClaims(of: second["id_token"]?.string ?? "")
        #expect(idToken["email"] == "alice@example.com")
        #expect(try await userInfo(issuer, second)["name"] == "Alice Liddell")
    }

    @Test(
        "a claim requested with a value is returned only if it matches",
        arguments: [
            (#"{"value": "alice@example.com"}"#, true), (#"{"value": "bob@example.com"}"#, false),
            (#"{"values": ["bob@example.com", "alice@example.com"]}"#, true), (#"{"values": []}"#, true),
        ])
    func values(_ wish: String, isReturned: Bool) async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(issuer, #"{"userinfo": {"email": \#(wish)}}"#)
        #expect((try await userInfo(issuer, tokens)["email"] != nil) == isReturned)
    }

    @Test("§5.5.1: a missing essential claim is not an error")
    func missing() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(issuer, #"{"userinfo": {"nickname": {"essential": true}}}"#)
        #expect(try await userInfo(issuer, tokens).names == ["sub"])
    }

    @Test("a requested claim can't replace one set by the issuer")
    func own() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(
            issuer, #"{"id_token": {"iss": null, "updated_at": null, "aud": {"value": "x"}}}"#)
        let idToken = try JWT.unverifiedClaims(of: tokens["id_token"]?.string ?? "")
        #expect(idToken["iss"] == "https://id.example.com")
        #expect(idToken["aud"] == "web")
        #expect(idToken["updated_at"]?.integer != nil)
    }

    @Test("the claims parameter needs the same consent as the corresponding scope")
    func consent() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        // Consent to `openid` exists; only the claim is new.
        _ = try await browser.code(scope: "openid")
        let page = try await browser.get(
            "/authorize", Browser.webRequest(scope: "openid", claims(#"{"userinfo": {"email": null}}"#))
        ).page()
        #expect(page.template == "consent")
        guard case .list(let requested)? = page.data["requested"] else {
            throw Unexpected("no list of requested scopes")
        }
        #expect(requested.count == 1)
        #expect(try await browser.submit(page, [("decision", "allow")]).answer()["code"] != nil)
        let again = try await browser.get(
            "/authorize", Browser.webRequest(scope: "openid", claims(#"{"userinfo": {"email": null}}"#)))
        #expect(try again.answer()["code"] != nil)
    }

    @Test("claims of a scope that the client isn't registered for are not returned")
    func notAllowed() async throws {
        let issuer = try await TestIssuer()
        let request = [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid"), ("nonce", "n"), ("claims", #"{"userinfo": {"email": null, "name": null}}"#),
        ]
        let code = try await Browser(issuer).authorize(request).answer().required("code")
        let tokens = try await issuer.token(
            [
                ("grant_type", "authorization_code"), ("code", code),
                ("redirect_uri", "https://own.example/callback"),
            ], client: "own"
        ).json()
        let info = try await userInfo(issuer, tokens)
        #expect(info["name"] == "Alice Liddell")
        #expect(info["email"] == nil)
    }

    @Test(
        "a malformed claims parameter is refused",
        arguments: [
            "[]", "{", #"{"userinfo": 1}"#, #"{"id_token": {"name": "x"}}"#, #"{"userinfo": {"name": {"values": 1}}}"#,
            #"{"userinfo": {}, "userinfo": {}}"#, "null", #"{"id_token": {"sub": 1}}"#,
        ])
    func malformed(_ text: String) async throws {
        let issuer = try await TestIssuer()
        let answer = try await Browser(issuer).get("/authorize", Browser.webRequest(claims(text))).answer()
        #expect(answer["error"] == "invalid_request")
    }

    @Test("§5.5.1: a request for a specific sub succeeds only for that user")
    func subject() async throws {
        let issuer = try await TestIssuer()
        let alice = try await tokens(issuer, "{}")
        let subject = try JWT.unverifiedClaims(of: alice["id_token"]?.string ?? "")["sub"]?.string ?? ""
        let wish = claims(#"{"id_token": {"sub": {"value": "\#(subject)"}}}"#)
        #expect(try await Browser(issuer).authorize(Browser.webRequest(wish)).answer()["code"] != nil)
        let other = claims(#"{"id_token": {"sub": {"value": "somebody else"}}}"#)
        #expect(try await Browser(issuer).authorize(Browser.webRequest(other)).answer()["error"] == "login_required")
        let silent = Browser(issuer)
        _ = try await silent.code()
        let answer = try await silent.get("/authorize", Browser.webRequest(other + [("prompt", "none")])).answer()
        #expect(answer["error"] == "login_required")
    }

    @Test(
        "§5.5.1.1: an unmet essential acr fails the request; a voluntary one doesn't",
        arguments: [
            (#"{"essential": true, "value": "urn:martlet:acr:1"}"#, nil),
            (#"{"essential": true, "values": ["x", "urn:martlet:acr:1"]}"#, nil),
            (#"{"essential": true, "value": "urn:martlet:acr:2"}"#, "unmet_authentication_requirements"),
            (#"{"essential": true, "values": ["x"]}"#, "unmet_authentication_requirements"),
            (#"{"essential": true}"#, nil), (#"{"value": "urn:martlet:acr:2"}"#, nil),
        ] as [(String, String?)])
    func context(_ wish: String, error: String?) async throws {
        let issuer = try await TestIssuer()
        let request = Browser.webRequest(claims(#"{"id_token": {"acr": \#(wish)}}"#))
        let answer = try await Browser(issuer).authorize(request).answer()
        #expect(answer["error"] == error)
        #expect((answer["code"] == nil) == (error != nil))
    }

    @Test("a weak session is refused if the user has no further factor")
    func stepUp() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        issuer.clock.advance(by: 10)
        let wish = claims(#"{"id_token": {"acr": {"essential": true, "value": "urn:martlet:acr:2"}}}"#)
        let answer = try await browser.authorize(Browser.webRequest(wish)).answer()
        #expect(answer["error"] == "unmet_authentication_requirements")
        let silent = try await browser.get("/authorize", Browser.webRequest(wish + [("prompt", "none")])).answer()
        #expect(silent["error"] == "login_required")
    }
}

@Suite("OpenID Connect Core §3.1.2.1, §5.2: display and languages")
struct DisplayTests {
    @Test(
        "display is passed to the pages, and an unknown value falls back to page",
        arguments: ["popup", "touch", "wap", "x"])
    func display(_ display: String) async throws {
        let issuer = try await TestIssuer()
        let page = try await Browser(issuer).get("/authorize", Browser.webRequest([("display", display)])).page()
        guard case .object(let shown)? = page.data["display"] else { throw Unexpected("no display") }
        #expect(Array(shown.keys) == [["popup", "touch"].contains(display) ? display : "page"])
    }

    @Test("claims_locales is not an error")
    func claimsLocales() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).authorize(Browser.webRequest([("claims_locales", "se x-!")]))
        #expect(try response.answer()["code"] != nil)
    }
}
