import Authenticators
import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

extension TestIssuer {
    /// The current code of an authenticator app, by default with bob's secret.
    func code(_ secret: String = "JBSWY3DPEHPK3PXPJBSWY3DP") throws -> String {
        try TOTP(secret: #require(Base32.decode(secret))).code(at: clock.now)
    }

    func apply(_ resources: String) async throws {
        _ = try await administration.apply(ResourceSet(JSONObject(parsing: Array(resources.utf8))))
    }

    /// Enrolls an authenticator app for a user without the pages.
    func enroll(_ username: String, secret: String = "JBSWY3DPEHPK3PXPJBSWY3DP") async throws {
        let user = try #require(try await stores.users.find(named: username))
        let sealed = try administration.sealer.seal(#require(Base32.decode(secret)), for: .oneTimePasswordSecret)
        _ = try await stores.totpCredentials.save(
            TOTPCredential(user: user.id, name: "Authenticator", sealedSecret: sealed, createdAt: clock.now), by: nil)
    }
}

@Suite("Policy, step-up (RFC 9470) and remembered devices end to end")
struct StepUpTests {
    private func bob(_ issuer: TestIssuer, _ browser: Browser, remembers: Bool = false) async throws -> Page {
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(page.template == "second-factor")
        let fields = [("code", try issuer.code())] + (remembers ? [("remember", "yes")] : [])
        return try await browser.submit(page, fields).page()
    }

    @Test("a browser that the user chose to remember isn't asked for the second factor for thirty days")
    func remembered() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        #expect(try await bob(issuer, browser, remembers: true).template == "consent")
        for (days, template) in [(29.0, "consent"), (2.0, "second-factor")] {
            issuer.clock.advance(by: days * 86_400)
            let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
            let next = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
            #expect(next.template == template)
        }
    }

    @Test("a browser is remembered only if the user chooses so, and only for that user")
    func notRemembered() async throws {
        let issuer = try await TestIssuer()
        try await issuer.apply(
            #"{"users": [{"username": "eve", "password": "eavesdropper", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DQ"}]}"#)
        let browser = Browser(issuer)
        _ = try await bob(issuer, browser, remembers: true)
        let login = Browser.webRequest([("prompt", "login")])
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/authorize", login).page()
        #expect(
            try await browser.submit(page, [("username", "eve"), ("password", "eavesdropper")]).page().template
                == "second-factor")
        let other = Browser(issuer)
        _ = try await bob(issuer, other)
        issuer.clock.advance(by: 60)
        let again = try await other.get("/authorize", login).page()
        #expect(
            try await other.submit(again, [("username", "bob"), ("password", "battery staple")]).page().template
                == "second-factor")
    }

    @Test("tokens don't claim the factor that a remembered browser replaced, and a client can ask for it")
    func honest() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await bob(issuer, browser, remembers: true)
        issuer.clock.advance(by: 3_600)
        let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        let consent = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        let tokens = try await issuer.redeem(answer.required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["amr"] == ["pwd"])
        #expect(claims["acr"] == "urn:martlet:acr:1")
        // The resource server refuses, and the client repeats the request with the challenge's values (RFC 9470 §4).
        issuer.clock.advance(by: 60)
        let wish = Browser.webRequest([("acr_values", "urn:martlet:acr:2")])
        let more = try await browser.get("/authorize", wish).page()
        #expect(more.template == "second-factor")
        let better = try await browser.submit(more, [("code", try issuer.code())]).answer()
        let second = try await issuer.redeem(better.required("code")).json()
        #expect(try JWTClaims.of(second["id_token"]?.string)["acr"] == "urn:martlet:acr:2")
    }

    @Test("a voluntary acr beyond the user's factors is ignored")
    func voluntary() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        issuer.clock.advance(by: 60)
        let answer = try await browser.get("/authorize", Browser.webRequest([("acr_values", "urn:martlet:acr:3")]))
            .answer()
        #expect(answer["code"] != nil)
    }

    @Test(
        "if the issuer, client or role requires two factors, a password alone starts no session",
        arguments: [
            #"{"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "scope": "openid profile", "redirect_uris": ["https://shop.example/callback"], "minimum_acr": "urn:martlet:acr:2"}]}"#,
            #"{"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}], "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"]}]}"#,
            #"{"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}], "groups": [{"name": "operators", "roles": ["admin"]}], "users": [{"username": "alice", "password": "correct horse", "groups": ["operators"]}]}"#,
        ])
    func demanded(_ resources: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        // A session that started before the rule doesn't satisfy it.
        _ = try await browser.code()
        try await issuer.apply(resources)
        // Longer than clients are cached.
        issuer.clock.advance(by: 120)
        for request in [Browser.webRequest(), Browser.webRequest([("prompt", "login")])] {
            let response = try await browser.authorize(request)
            #expect(try response.page().template == "enrol")
        }
        let silent = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()
        #expect(silent["error"] == "login_required")
    }

    @Test("a required factor is enrolled during sign-in, but never with the password alone once one exists")
    func enrolment() async throws {
        let issuer = try await TestIssuer()
        try await issuer.apply(
            #"{"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}], "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"]}]}"#
        )
        let (own, thief) = (Browser(issuer), Browser(issuer))
        func fill(_ page: Page, _ code: String) -> [(String, String)] {
            [("factor", "totp"), ("offer", page.text("totp", "offer")), ("code", code)]
        }
        let stolen = try await thief.authorize(Browser.webRequest()).page()
        #expect(stolen.template == "enrol")
        let page = try await own.authorize(Browser.webRequest()).page()
        #expect(try await own.submit(page, fill(page, "000000")).page().hasError("code"))
        let code = try issuer.code(page.text("totp", "secret"))
        let enrolled = try await own.submit(page, fill(page, code))
        #expect(try await own.keepCodes(enrolled).page().template == "consent")

        let late = try await thief.submit(stolen, fill(stolen, issuer.code(stolen.text("totp", "secret"))))
        #expect(try late.page().template == "second-factor")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.totpCredentials.credentials(of: alice.id).count == 1)
        #expect(
            try await thief.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["error"]
                == "login_required")
    }

    @Test("a step-up strengthens the session it began in, not another session of the same user")
    func otherSession() async throws {
        let issuer = try await TestIssuer()
        let (browser, other) = (Browser(issuer), Browser(issuer))
        for browser in [browser, other] {
            issuer.clock.advance(by: 60)
            #expect(try await bob(issuer, browser, remembers: true).template == "consent")
            issuer.clock.advance(by: 60)
            let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
            _ = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")])
        }
        let wish = Browser.webRequest([("acr_values", "urn:martlet:acr:2")])
        let asked = try await browser.get("/authorize", wish).page()
        #expect(asked.template == "second-factor")
        let name = try #require(Cookie.session(of: issuer.issuer).clearing().split(separator: "=").first)
        browser.add(cookie: "\(name)=\(try #require(other.cookie("session")))")
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/second-factor", [("interaction", asked.text("interaction"))]).page()
        #expect(page.template == "second-factor")
        _ = try await browser.submit(page, [("code", issuer.code())])
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))
        let sessions = try await issuer.stores.sessions.sessions(of: bob.id, at: issuer.clock.now)
        #expect(sessions.map(\.acr) == ["urn:martlet:acr:1", "urn:martlet:acr:1"])
    }

    @Test("sign-in progress is bound to its browser and void after a password change")
    func progress() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        // Another browser can't continue it.
        let thief = Browser(issuer)
        _ = try await thief.get("/authorize", Browser.webRequest())
        let query = "interaction=\(page.text("interaction"))"
        #expect(try await thief.request(.get, "/second-factor", query: query).status == .gone)
        // A victim of a stolen password changes it in the meantime.
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))
        try await issuer.administration.setPassword("battery staple two", of: bob)
        #expect(try await browser.submit(page, [("code", try issuer.code())]).status == .gone)
    }

    @Test("failures elsewhere don't lock users out of a browser they already use")
    func lockOut() async throws {
        let issuer = try await TestIssuer()
        let own = Browser(issuer)
        _ = try await own.code()
        let attacker = Browser(issuer)
        var page = try await attacker.get("/authorize", Browser.webRequest()).page()
        for _ in 0..<100 {
            let response = try await attacker.submit(page, [("username", "alice"), ("password", "guess")])
            #expect(response.status == .ok)
            // Waits the maximum, so that every guess is counted.
            issuer.clock.advance(by: 901)
            page = try await attacker.get("/authorize", Browser.webRequest()).page()
        }
        let fresh = Browser(issuer)
        let form = try await fresh.get("/authorize", Browser.webRequest()).page()
        let right = try await fresh.submit(form, [("username", "alice"), ("password", "correct horse")])
        #expect(right.status == .tooManyRequests)
        #expect(right.headers[.retryAfter].flatMap(Int.init) ?? 0 > 80_000)
        let mine = try await own.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        let back = try await own.submit(mine, [("username", "alice"), ("password", "correct horse")])
        #expect(try back.answer()["code"] != nil)
        // An administrator unlocks the account.
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let lockout = try #require(try await issuer.administration.lockout(of: alice))
        #expect(lockout.failures == 100 && lockout.isLocked)
        #expect(try #require(lockout.until) > issuer.clock.now.addingTimeInterval(80_000))
        #expect(try await issuer.administration.unlock(alice))
        #expect(try await !issuer.administration.unlock(alice))
        #expect(try await issuer.administration.lockout(of: alice) == nil)
        let again = try await fresh.get("/authorize", Browser.webRequest()).page()
        let next = try await fresh.submit(again, [("username", "alice"), ("password", "correct horse")])
        #expect(try next.answer()["code"] != nil)
    }

    @Test("a role's requirement also applies to members of its groups, on the pages and at the API")
    func throughGroup() async throws {
        let issuer = try await TestIssuer(
            resources: """
                {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"},
                           {"name": "root", "permissions": [], "minimum_acr": "urn:martlet:acr:3"}],
                 "groups": [{"name": "operators", "roles": ["admin"]}, {"name": "keepers", "roles": ["root", "admin"]}],
                 "users": [
                    {"username": "alice", "password": "correct horse", "groups": ["operators"]},
                    {"username": "bob", "password": "battery staple", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DP",
                     "groups": ["keepers"]}],
                 "clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
                    "redirect_uris": ["https://shop.example/callback"], "consent": "skip"}]}
                """)
        func login(_ name: String, _ password: String) async throws -> Response {
            try await issuer.call(
                .post, "/api/auth/login", #"{"username":"\#(name)","password":"\#(password)"}"#)
        }
        let page = try await Browser(issuer).authorize(Browser.webRequest()).page()
        #expect(page.template == "enrol")
        #expect(try await login("alice", "correct horse").problem == "enrolment_required")

        // Bob has two roles through his group. The strongest requirement applies, and a code doesn't satisfy it.
        let browser = Browser(issuer)
        let second = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(try await browser.submit(second, [("code", try issuer.code())]).page().template == "enrol")
        issuer.clock.advance(by: 60)
        let ticket = try #require(try await login("bob", "battery staple").json()["ticket"]?.string)
        let shown = try await issuer.call(
            .post, "/api/auth/mfa", #"{"ticket":"\#(ticket)","factor":"totp","code":"\#(try issuer.code())"}"#)
        #expect(shown.problem == "enrolment_required")
        #expect(try shown.json()["factors"] == ["passkey"])

        // Leaving the group lifts the requirement.
        let alice = try #require(try await issuer.stores.users.find(named: "alice")).id
        try await issuer.administration.withdraw(Membership(groups: ["operators"]), from: alice)
        #expect(try await Browser(issuer).authorize(Browser.webRequest()).answer()["code"] != nil)
        #expect(try await login("alice", "correct horse").status == .ok)
    }
}
