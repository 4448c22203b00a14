import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Sign-ins interrupted by an email")
struct InterruptedSignInTests {
    private let mailbox = TestMailbox()

    private func issuer() async throws -> TestIssuer { try await TestIssuer(mailbox: mailbox, signUp: .open) }

    /// Leaves the browser's sign-in for one of the pages it links to, and requests the email there.
    private func leave(_ browser: Browser, for path: String, _ fields: [(String, String)], _ issuer: TestIssuer)
        async throws -> Letter
    {
        let signIn = try await browser.get("/authorize", Browser.webRequest()).page()
        let page = try await browser.get(path, [("interaction", signIn.text("interaction"))]).page()
        _ = try await browser.submit(page, fields)
        try await issuer.deliver()
        return try #require(mailbox.all.last)
    }

    private func finish(_ letter: Letter, in browser: Browser, _ issuer: TestIssuer) async throws -> Response {
        let page = try await browser.open(letter, at: issuer).page()
        return try await browser.submit(page, [("name", "Dora"), ("password", "a dormouse in a teapot")])
    }

    @Test("a user who signs up continues to the application they came from")
    func signUp() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let letter = try await leave(browser, for: "/sign-up", [("email", "dora@example.org")], issuer)
        let page = try await browser.open(letter, at: issuer).page()
        // The form's redirects end there, so the Content-Security-Policy must allow it.
        #expect(page.formTargets == ["https://shop.example"])
        let consent = try await browser.submit(page, [("password", "a dormouse in a teapot")]).page()
        #expect(consent.template == "consent")
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        #expect(answer["state"] == "the-state")
        #expect(try await issuer.redeem(answer.required("code")).status == .ok)
        #expect(!browser.cookieHeader.contains("interrupted"))
    }

    @Test(
        "sign-up and password reset keep the client and language of the sign-in",
        arguments: [("/sign-up", "email", "dora@example.org"), ("/forgot-password", "username", "alice")])
    func client(_ path: String, _ field: String, _ value: String) async throws {
        let issuer = try await issuer()
        let (browser, other) = (Browser(issuer), Browser(issuer))
        let signIn = try await browser.get("/authorize", Browser.webRequest([("ui_locales", "de")])).page()
        func shows(_ page: Page) -> Bool { page.text("client", "name") == "Web shop" && page.languages == ["de"] }
        let asked = try await browser.get(path, [("interaction", signIn.text("interaction"))]).page()
        #expect(shows(asked))
        let sent = try await browser.submit(asked, [(field, value)]).page()
        #expect(shows(sent))
        #expect(shows(try await browser.submit(sent, [(field, value), ("again", "yes")]).page()))
        try await issuer.deliver()
        let letter = try #require(mailbox.all.last)
        #expect(shows(try await browser.open(letter, at: issuer).page()))
        let elsewhere = try await other.open(letter, at: issuer).page()
        #expect(elsewhere.data["client"] == nil && elsewhere.languages.isEmpty)
        // A refused form shows the same page again.
        let refused = try await browser.submit(
            browser.open(letter, at: issuer).page(), [("password", "short")]
        ).page()
        #expect(refused.hasError("too_short") && shows(refused))
    }

    @Test("a client that has since been disabled is not shown")
    func disabledClient() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest()).page()
        _ = try await browser.get("/sign-up", [("interaction", signIn.text("interaction"))])
        try await issuer.apply(
            #"{"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "redirect_uris": ["https://shop.example/callback"], "disabled": true}]}"#
        )
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/sign-up").page()
        #expect(page.template == "sign-up" && page.data["client"] == nil)
    }

    @Test("a new account must show every required factor before it continues")
    func policy() async throws {
        let issuer = try await issuer()
        try await issuer.apply(
            #"{"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "scope": "openid profile", "redirect_uris": ["https://shop.example/callback"], "minimum_acr": "urn:martlet:acr:3"}]}"#
        )
        issuer.clock.advance(by: 120)
        let browser = Browser(issuer)
        let letter = try await leave(browser, for: "/sign-up", [("email", "dora@example.org")], issuer)
        let next = try await finish(letter, in: browser, issuer).page()
        #expect(["enrol", "second-factor"].contains(next.template))
        #expect(!browser.cookieHeader.contains("martlet-session"))
    }

    @Test("in another browser, or too late, the account is created but nobody is signed in")
    func elsewhere() async throws {
        let issuer = try await issuer()
        let (browser, other) = (Browser(issuer), Browser(issuer))
        let letter = try await leave(browser, for: "/sign-up", [("email", "dora@example.org")], issuer)
        let made = try await finish(letter, in: other, issuer).page()
        #expect(made.text("title") == "text.account_made_title")
        #expect(made.text("continue_uri") == "/account")
        #expect(!other.cookieHeader.contains("martlet-session"))

        let late = try await leave(browser, for: "/sign-up", [("email", "edgar@example.org")], issuer)
        issuer.clock.advance(by: 1_801)
        #expect(try await finish(late, in: browser, issuer).page().text("title") == "text.account_made_title")
        #expect(!browser.cookieHeader.contains("martlet-session"))
    }

    @Test("a sign-in that another browser began is never continued")
    func foreign() async throws {
        let issuer = try await issuer()
        let (thief, victim) = (Browser(issuer), Browser(issuer))
        let signIn = try await thief.get("/authorize", Browser.webRequest()).page()
        for interaction in [signIn.text("interaction"), "garbage", ""] {
            let page = try await victim.get("/sign-up", [("interaction", interaction)]).page()
            #expect(page.template == "sign-up")
            #expect(page.data["client"] == nil)
            #expect(!victim.cookieHeader.contains("interrupted"))
        }
        // Nor with a cookie planted by a sibling domain.
        _ = try await thief.get("/sign-up", [("interaction", signIn.text("interaction"))])
        let planted = try #require(
            thief.cookieHeader.split(separator: "; ").first { $0.contains("martlet-interrupted") })
        let form = try await victim.get("/sign-up").page()
        _ = try await victim.submit(form, [("email", "dora@example.org")])
        try await issuer.deliver()
        victim.add(cookie: String(planted))
        let letter = try #require(mailbox.all.last)
        #expect(try await victim.open(letter, at: issuer).page().data["client"] == nil)
        #expect(try await finish(letter, in: victim, issuer).page().text("title") == "text.account_made_title")
    }

    @Test("after a password reset, the same sign-in is one click away and still requires every factor")
    func reset() async throws {
        let issuer = try await issuer()
        try await issuer.apply(
            #"{"users": [{"username": "bob", "password": "battery staple", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DP", "email": "bob@example.com"}]}"#
        )
        let browser = Browser(issuer)
        let letter = try await leave(browser, for: "/forgot-password", [("username", "bob")], issuer)
        let done = try await finish(letter, in: browser, issuer).page()
        #expect(done.text("title") == "text.password_set_title")
        #expect(done.text("client", "name") == "Web shop")
        let location = done.text("continue_uri").split(separator: "?", maxSplits: 1)
        let signIn = try await browser.follow(
            browser.request(.get, String(location[0]), query: String(location[1]))
        ).page()
        #expect(signIn.template == "sign-in")
        let next = try await browser.submit(
            signIn, [("username", "bob"), ("password", "a dormouse in a teapot")]
        ).page()
        #expect(next.template == "second-factor")
        let consent = try await browser.submit(next, [("code", try issuer.code())]).page()
        #expect(try await browser.submit(consent, [("decision", "allow")]).answer()["state"] == "the-state")
    }
}
