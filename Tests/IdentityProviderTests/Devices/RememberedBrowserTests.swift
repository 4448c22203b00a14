import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Remembered browsers skip the second factor until they are forgotten")
struct RememberedBrowserTests {
    @Test(
        "a remembered browser is listed, and once forgotten must show the second factor again",
        arguments: ["forget", "everywhere"])
    func forgotten(_ how: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        func signIn() async throws -> Page {
            issuer.clock.advance(by: 60)
            let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
            return try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        }
        let asked = try await signIn()
        _ = try await browser.submit(asked, [("code", try issuer.code()), ("remember", "yes")])
        #expect(try await signIn().template == "consent")
        let account = try await browser.get("/account").page()
        let bob = try #require(try await issuer.stores.users.find(named: "bob")).id
        let device = try #require(try await issuer.stores.devices.devices(of: bob, at: issuer.clock.now).first)
        guard case .list(let listed)? = account.data["devices"], case .object(let first)? = listed.first else {
            throw Unexpected("the account page lists no remembered browser")
        }
        #expect(listed.count == 1 && first["id"] == .text(device.id.rawValue))
        let value = how == "forget" ? device.id.rawValue : "yes"
        _ = try await browser.request(
            .post, "/account/sessions", form: [("form_token", account.text("form_token")), (how, value)])
        #expect(try await signIn().template == "second-factor")
    }

    /// Bob signs in with both factors.
    private func signIn(_ browser: Browser, _ issuer: TestIssuer, remembering: Bool) async throws {
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        let asked = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        let remember = remembering ? [("remember", "yes")] : []
        _ = try await browser.submit(asked, [("code", try issuer.code())] + remember)
    }

    private func device(_ browser: Browser) throws -> String {
        try #require(browser.cookieHeader.split(separator: "; ").first { $0.contains("device=") }.map(String.init))
    }

    /// The template shown after bob's password to a browser that has only `cookie`.
    private func afterPassword(with cookie: String, _ issuer: TestIssuer) async throws -> String {
        issuer.clock.advance(by: 60)
        let thief = Browser(issuer)
        thief.add(cookie: cookie)
        let page = try await thief.get("/authorize", Browser.webRequest()).page()
        return try await thief.submit(page, [("username", "bob"), ("password", "battery staple")]).page().template
    }

    @Test("a planted or invented cookie is never the one remembered", arguments: ["planted", "invented"])
    func planted(_ how: String) async throws {
        let issuer = try await TestIssuer()
        // From a browser in which the thief signed in as alice.
        let thief = Browser(issuer)
        _ = try await thief.code()
        var cookie = try device(thief)
        if how == "invented" { cookie = "\(cookie.prefix { $0 != "=" })=\(String(repeating: "A", count: 43))" }
        let owner = Browser(issuer)
        owner.add(cookie: cookie)
        try await signIn(owner, issuer, remembering: false)
        let known = try device(owner)
        #expect(known != cookie)
        try await signIn(owner, issuer, remembering: true)
        #expect(try ![cookie, known].contains(device(owner)))
        #expect(try await afterPassword(with: cookie, issuer) == "second-factor")
        #expect(try await afterPassword(with: device(owner), issuer) == "consent")
    }

    @Test("remembering a known browser gives it a new secret and invalidates the old one")
    func renewed() async throws {
        let issuer = try await TestIssuer()
        let owner = Browser(issuer)
        try await signIn(owner, issuer, remembering: false)
        let former = try device(owner)
        try await signIn(owner, issuer, remembering: false)
        #expect(try device(owner) == former)
        try await signIn(owner, issuer, remembering: true)
        #expect(try device(owner) != former)
        #expect(try await afterPassword(with: former, issuer) == "second-factor")
        #expect(try await afterPassword(with: device(owner), issuer) == "consent")
    }

    @Test("when two users share a browser, both keep it remembered")
    func shared() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        try await signIn(browser, issuer, remembering: true)
        issuer.clock.advance(by: 60)
        _ = try await browser.code([("prompt", "login")])
        #expect(try await afterPassword(with: device(browser), issuer) == "consent")
    }
}
