import JOSE
import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("Signing in")
struct SignInTests {
    @Test(
        "OpenID Connect Core §3.1.2.1: when reauthentication is required",
        arguments: [
            ([("prompt", "login")], 10.0, "sign-in"), ([("prompt", "select_account")], 10, "select-account"),
            ([("max_age", "60")], 90, "sign-in"), ([("max_age", "60")], 30, "code"), ([("max_age", "0")], 1, "sign-in"),
            ([("prompt", "consent")], 10, "consent"), ([], 10, "code"), ([], 12 * 3_600 + 1, "sign-in"),
        ] as [([(String, String)], TimeInterval, String)])
    func again(_ more: [(String, String)], age: TimeInterval, expected: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        issuer.clock.advance(by: age)
        let response = try await browser.get("/authorize", Browser.webRequest(more))
        if case .page(let page) = response.body {
            #expect(page.template == expected)
        } else {
            #expect(try response.answer()["code"] != nil)
            #expect(expected == "code")
        }
    }

    @Test("prompt=login with the password continues the flow and updates auth_time")
    func promptLogin() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        issuer.clock.advance(by: 100)
        let code = try await browser.code([("prompt", "login")])
        let tokens = try await issuer.redeem(code).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["auth_time"] == 1_800_000_100)
    }

    @Test(
        "every failed sign-in gets the same response",
        arguments: [
            ("alice", "wrong"), ("nobody", "correct horse"), ("carol", "disabled one"), ("", ""), ("alice", ""),
        ])
    func generic(_ username: String, _ password: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        let response = try await browser.submit(page, [("username", username), ("password", password)])
        let shown = try response.page()
        #expect(response.status == .ok)
        #expect(shown.template == "sign-in")
        #expect(shown.hasError("credentials"))
        #expect(response.headers[.setCookie] == nil)
    }

    @Test("the email address works like the username, in any case")
    func email() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).authorize(Browser.webRequest(), as: "Alice@EXAMPLE.com")
        #expect(try response.answer()["code"] != nil)
    }

    @Test("guessing at one account is throttled without affecting another")
    func throttle() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        var throttled = 0
        for _ in 0..<14 {
            let shown = try await browser.submit(page, [("username", "alice"), ("password", "guess")]).page()
            if shown.hasError("throttled") { throttled += 1 }
        }
        #expect(throttled == 9)
        let right = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(try right.page().hasError("throttled"))
        #expect(right.status == .tooManyRequests)
        // From the fifth failure on, the wait doubles, starting at one second.
        #expect(right.headers[.retryAfter] == "1")
        let other = try await browser.submit(page, [("username", "bob"), ("password", "guess")]).page()
        #expect(other.hasError("credentials"))
        issuer.clock.advance(by: 60)
        #expect(
            try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page().template
                == "consent")
    }

    @Test("a cross-site form, or one without its token, is refused")
    func forgery() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        let fields = [
            ("username", "alice"), ("password", "correct horse"), ("interaction", page.text("interaction")),
        ]
        #expect(try await browser.request(.post, "/sign-in", form: fields).status == .forbidden)
        let token = ("form_token", page.text("form_token"))
        let crossSite = try await browser.request(.post, "/sign-in", form: fields + [token], crossSite: true)
        #expect(crossSite.status == .forbidden)
        let stranger = Browser(issuer)
        _ = try await stranger.get("/authorize", Browser.webRequest())
        #expect(try await stranger.request(.post, "/sign-in", form: fields + [token]).status == .forbidden)
    }

    @Test("an interaction is refused in another browser, for another purpose, or after it expires")
    func binding() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        let stolen = [("interaction", page.text("interaction"))]
        let thief = Browser(issuer)
        _ = try await thief.get("/authorize", Browser.webRequest())
        #expect(try await thief.get("/sign-in", stolen).status == .gone)
        #expect(try await thief.get("/authorize", stolen).status == .gone)
        #expect(try await browser.get("/sign-in", [("interaction", "x" + page.text("interaction"))]).status == .gone)
        issuer.clock.advance(by: 1_801)
        #expect(try await browser.get("/sign-in", stolen).status == .gone)
    }

    @Test("signing in renews the session's secret, which prevents session fixation")
    func fixation() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let before = browser.cookieHeader
        issuer.clock.advance(by: 1)
        _ = try await browser.code([("prompt", "login")])
        #expect(browser.cookieHeader != before)
        let former = try await issuer.send(
            .get, "/authorize",
            query: FormEncoding.encode(Browser.webRequest([("prompt", "none")]).map { (name: $0.0, value: $0.1) }),
            headers: [.cookie: before])
        #expect(try former.answer()["error"] == "login_required")
    }

    @Test("id_token_hint only succeeds for the user it names")
    func hintOfAnother() async throws {
        let issuer = try await TestIssuer()
        let dan = #"{"users": [{"username": "dan", "password": "another person"}]}"#
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(dan.utf8))))
        let tokens = try await issuer.redeem(Browser(issuer).code()).json()
        let hint = [("id_token_hint", try #require(tokens["id_token"]?.string))]
        let silent = hint + [("prompt", "none")]
        let browser = Browser(issuer)
        issuer.clock.advance(by: 1)
        _ = try await browser.authorize(Browser.webRequest(), as: "dan", password: "another person")
        #expect(try await browser.get("/authorize", Browser.webRequest(silent)).answer()["error"] == "login_required")
        issuer.clock.advance(by: 1)
        let page = try await browser.get("/authorize", Browser.webRequest(hint)).page()
        #expect(page.template == "sign-in")
        issuer.clock.advance(by: 1)
        let other = try await browser.submit(page, [("username", "dan"), ("password", "another person")])
        #expect(try other.answer()["error"] == "login_required")
        issuer.clock.advance(by: 1)
        #expect(try await browser.authorize(Browser.webRequest(hint)).answer()["code"] != nil)
        #expect(try await browser.get("/authorize", Browser.webRequest(silent)).answer()["code"] != nil)
    }

    @Test("a consent page shown to one user can't be answered by another")
    func consentOfAnother() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest()).page()
        let consent = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        let dan = #"{"users": [{"username": "dan", "password": "another person"}]}"#
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(dan.utf8))))
        issuer.clock.advance(by: 1)
        let other = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        _ = try await browser.submit(other, [("username", "dan"), ("password", "another person")])
        // The form belongs to the previous session.
        #expect(try await browser.submit(consent, [("decision", "allow")]).status == .forbidden)
        let user = try #require(try await issuer.stores.users.find(named: "dan"))
        #expect(try await issuer.stores.consents.find(user: user.id, client: Identifier(rawValue: "web")) == nil)
    }

    @Test("a disabled user is signed out immediately")
    func disabled() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let code = try await browser.code()
        let user = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.setDisabled(true, user)
        #expect(
            try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["error"]
                == "login_required")
        #expect(try await issuer.redeem(code).json()["error"] == "invalid_grant")
    }
}

@Suite("RFC 6238: the second factor")
struct SecondFactorTests {
    /// The page that asks bob for his code.
    private func reach(_ browser: Browser) async throws -> Page {
        try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
    }

    private func code(_ issuer: TestIssuer) throws -> String {
        let secret = try #require(Base32.decode("JBSWY3DPEHPK3PXPJBSWY3DP"))
        return try TOTP(secret: secret).code(at: issuer.clock.now)
    }

    @Test("an enrolled second factor is required; the password alone starts no session")
    func required() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await reach(browser)
        #expect(page.template == "second-factor")
        let silent = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")]))
        #expect(try silent.answer()["error"] == "login_required")
        let back = try await browser.get("/authorize", [("interaction", page.text("interaction"))])
        #expect(try back.page().template == "second-factor")

        let consent = try await browser.submit(page, [("code", try code(issuer))]).page()
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        let tokens = try await issuer.redeem(answer.required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["amr"] == ["pwd", "otp", "mfa"])
        #expect(claims["acr"] == "urn:martlet:acr:2")
    }

    @Test("a code works once, even in concurrent browsers")
    func once() async throws {
        let issuer = try await TestIssuer()
        let code = try code(issuer)
        var pages: [(Browser, Page)] = []
        for _ in 0..<8 {
            let browser = Browser(issuer)
            pages.append((browser, try await reach(browser)))
        }
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for (browser, page) in pages {
                group.addTask { try await browser.submit(page, [("code", code)]).page().template == "consent" }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    @Test("wrong codes are throttled, and the second factor must be shown within ten minutes")
    func limits() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await reach(browser)
        for _ in 0..<5 { #expect(try await browser.submit(page, [("code", "000000")]).page().hasError("code")) }
        #expect(try await browser.submit(page, [("code", try code(issuer))]).page().hasError("throttled"))
        issuer.clock.advance(by: 601)
        #expect(try await browser.submit(page, [("code", try code(issuer))]).status == .gone)
    }
}
