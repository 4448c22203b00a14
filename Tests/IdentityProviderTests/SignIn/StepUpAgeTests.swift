import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Old sessions and step-up (RFC 9470, OpenID Connect Core §2 auth_time)")
struct StepUpAgeTests {
    private static let hour: TimeInterval = 3_600

    /// Alice signed in with a password an hour ago and enrolled an authenticator app afterward.
    private func strengthenable() async throws -> (TestIssuer, Browser, start: Int64) {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let start = Int64(issuer.clock.now.timeIntervalSince1970)
        try await issuer.enroll("alice")
        issuer.clock.advance(by: Self.hour)
        return (issuer, browser, start)
    }

    /// Fills in pages until the flow ends or asks for enrollment. Returns the templates seen and the last response.
    private func walk(
        _ issuer: TestIssuer, _ browser: Browser, _ first: Response
    ) async throws -> ([String], Response) {
        var (pages, response) = ([String](), first)
        while pages.count < 6, case .page(let page) = response.body {
            pages.append(page.template)
            issuer.clock.advance(by: 30)
            switch page.template {
            case "sign-in":
                response = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
            case "second-factor": response = try await browser.submit(page, [("code", try issuer.code())])
            default: return (pages, response)
            }
        }
        return (pages, response)
    }

    private static let web = """
        {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
            "scope": "openid profile", "redirect_uris": ["https://shop.example/callback"], "minimum_acr": "LEVEL"}]}
        """

    struct Way: Sendable, CustomTestStringConvertible {
        var asked: [(String, String)] = []
        var minimum: String?
        let pages: [String]
        var isOfNow = false
        var context = "urn:martlet:acr:2"
        var error: String?
        var testDescription: String { "\(asked) \(minimum ?? "")" }
    }

    private static let wanted = ("acr_values", "urn:martlet:acr:2")
    private static func essential(_ level: Int) -> (String, String) {
        ("claims", #"{"id_token":{"acr":{"essential":true,"values":["urn:martlet:acr:\#(level)"]}}}"#)
    }

    @Test(
        "an additional factor raises acr but not auth_time; a maximum age requires a full sign-in",
        arguments: [
            Way(asked: [], pages: [], context: "urn:martlet:acr:1"),
            Way(asked: [wanted], pages: ["second-factor"]),
            Way(asked: [("acr_values", "urn:martlet:acr:3")], pages: ["second-factor"]),
            Way(asked: [essential(2)], pages: ["second-factor"]),
            Way(asked: [essential(3)], pages: ["second-factor"], error: "unmet_authentication_requirements"),
            Way(minimum: "urn:martlet:acr:2", pages: ["second-factor"]),
            Way(asked: [wanted], minimum: "urn:martlet:acr:2", pages: ["second-factor"]),
            Way(asked: [wanted, ("max_age", "7200")], pages: ["second-factor"]),
            Way(asked: [("max_age", "7200")], minimum: "urn:martlet:acr:2", pages: ["second-factor"]),
            Way(asked: [("max_age", "60")], pages: ["sign-in", "second-factor"], isOfNow: true),
            Way(asked: [wanted, ("max_age", "60")], pages: ["sign-in", "second-factor"], isOfNow: true),
            Way(asked: [wanted, ("max_age", "0")], pages: ["sign-in", "second-factor"], isOfNow: true),
            Way(asked: [wanted, ("prompt", "login")], pages: ["sign-in", "second-factor"], isOfNow: true),
            Way(asked: [essential(2), ("max_age", "60")], pages: ["sign-in", "second-factor"], isOfNow: true),
            Way(
                asked: [essential(3), ("prompt", "login")], pages: ["sign-in", "second-factor"],
                error: "unmet_authentication_requirements"),
            Way(
                asked: [("prompt", "login")], minimum: "urn:martlet:acr:2", pages: ["sign-in", "second-factor"],
                isOfNow: true),
            Way(minimum: "urn:martlet:acr:3", pages: ["second-factor", "sign-in", "second-factor", "enrol"]),
            Way(
                asked: [essential(3)], minimum: "urn:martlet:acr:3",
                pages: ["second-factor", "sign-in", "second-factor", "enrol"]),
        ])
    func ages(_ way: Way) async throws {
        let (issuer, browser, start) = try await strengthenable()
        if let minimum = way.minimum {
            try await issuer.apply(Self.web.replacing("LEVEL", with: minimum))
            // Longer than clients are cached.
            issuer.clock.advance(by: 120)
        }
        let asked = Browser.webRequest(way.asked)
        let (pages, response) = try await walk(issuer, browser, try await browser.get("/authorize", asked))
        #expect(pages == way.pages)
        guard way.pages.last != "enrol" else { return }
        guard way.error == nil else {
            #expect(try response.answer()["error"] == way.error)
            return
        }
        let tokens = try await issuer.redeem(response.answer().required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["acr"]?.string == way.context)
        let time = try #require(claims["auth_time"]?.integer)
        #expect(way.isOfNow ? time > Int(start) + 3_600 : time == Int(start))
    }

    @Test("a step-up doesn't make the sign-in recent or extend the session")
    func strengthened() async throws {
        let (issuer, browser, _) = try await strengthenable()
        let request = Browser.webRequest([Self.wanted])
        let page = try await browser.get("/authorize", request).page()
        #expect(page.template == "second-factor")
        #expect(try await browser.submit(page, [("code", try issuer.code())]).answer()["code"] != nil)
        // Changing credentials requires the password again.
        for path in ["password", "passkeys", "authenticator-apps", "delete"] {
            #expect(try await browser.get("/account/\(path)").page().template == "sign-in", "\(path)")
        }
        let late = Browser.webRequest([("max_age", "600")])
        #expect(try await browser.get("/authorize", late).page().template == "sign-in")
        issuer.clock.advance(by: 10 * Self.hour)
        #expect(try await browser.get("/authorize", request).answer()["code"] != nil)
        issuer.clock.advance(by: Self.hour)
        #expect(try await browser.get("/authorize", request).page().template == "sign-in")
    }

    @Test("a session that ended during a step-up isn't revived by the second factor")
    func ended() async throws {
        let (issuer, browser, _) = try await strengthenable()
        let page = try await browser.get("/authorize", Browser.webRequest([Self.wanted])).page()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.stores.sessions.endAll(of: alice.id, at: issuer.clock.now)
        #expect(try await browser.submit(page, [("code", try issuer.code())]).status == .gone)
        #expect(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).isEmpty)
        let start = try await browser.get("/authorize", [("interaction", page.text("interaction"))]).page()
        #expect(start.template == "sign-in")
    }

    @Test("an old sign-in can't enroll a factor without a full sign-in, even if the page was opened in time")
    func enrolment() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        try await issuer.apply(Self.web.replacing("LEVEL", with: "urn:martlet:acr:2"))
        // Almost the maximum age, and longer than clients are cached.
        issuer.clock.advance(by: 590)
        let early = try await browser.get("/authorize", Browser.webRequest()).page()
        #expect(early.template == "enrol")
        issuer.clock.advance(by: 11)
        let fields = [
            ("factor", "totp"), ("offer", early.text("totp", "offer")),
            ("code", try issuer.code(early.text("totp", "secret"))),
        ]
        #expect(try await browser.submit(early, fields).page().template == "sign-in")
        let reloaded = try await browser.get("/enrol", [("interaction", early.text("interaction"))]).page()
        #expect(reloaded.template == "sign-in")
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        #expect(page.template == "sign-in")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.totpCredentials.credentials(of: alice.id).isEmpty)

        let next = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(next.template == "enrol")
        let code = try issuer.code(next.text("totp", "secret"))
        let done = try await browser.submit(
            next, [("factor", "totp"), ("offer", next.text("totp", "offer")), ("code", code)])
        #expect(try await browser.keepCodes(done).answer()["code"] != nil)
    }

    @Test("another user may sign in if the existing session is too weak")
    func another() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        try await issuer.apply(Self.web.replacing("LEVEL", with: "urn:martlet:acr:2"))
        issuer.clock.advance(by: 3_600)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        #expect(page.template == "sign-in")
        let next = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        #expect(next.template == "second-factor")
        #expect(try await browser.submit(next, [("code", try issuer.code())]).page().template == "consent")
    }

    @Test(
        "a user who lost every factor gets in from a remembered browser, without a redirect loop",
        arguments: [("[]", "reset-password"), (#"["admin"]"#, "enrol")])
    func lostFactors(_ roles: String, _ template: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let login = Browser.webRequest([("prompt", "login")])
        func signIn(_ page: Page) async throws -> Page {
            try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        }
        let first = try await signIn(browser.get("/authorize", login).page())
        _ = try await browser.submit(first, [("code", try issuer.code()), ("remember", "yes")])
        issuer.clock.advance(by: 60)
        #expect(try await signIn(browser.get("/authorize", login).page()).template == "consent")

        try await issuer.apply(
            """
            {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}],
             "users": [{"username": "bob", "roles": \(roles)}]}
            """)
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))
        for app in try await issuer.stores.totpCredentials.credentials(of: bob.id) {
            try await issuer.stores.totpCredentials.delete(app.id)
        }
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/account/password").page()
        #expect(page.template == "sign-in")
        #expect(try await signIn(page).template == template)
    }

    @Test("changing the address needs the second factor even in a remembered browser, and the account's own user")
    func address() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox())
        let browser = Browser(issuer)
        let login = Browser.webRequest([("prompt", "login")])
        func signIn(_ page: Page, as name: String, _ password: String) async throws -> Response {
            try await browser.submit(page, [("username", name), ("password", password)])
        }
        let first = try await signIn(browser.get("/authorize", login).page(), as: "bob", "battery staple").page()
        _ = try await browser.submit(first, [("code", try issuer.code()), ("remember", "yes")])
        issuer.clock.advance(by: 60)
        _ = try await signIn(browser.get("/authorize", login).page(), as: "bob", "battery staple")
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/account/email").page()
        #expect(page.template == "sign-in")
        let other = try await signIn(page, as: "alice", "correct horse")
        #expect(other.status != .ok || (try? other.page().template) != "email-address")

        let again = try await browser.get("/account/email").page()
        let second = try await signIn(again, as: "bob", "battery staple").page()
        #expect(second.template == "second-factor")
        let done = try await browser.submit(second, [("code", try issuer.code())]).page()
        #expect(done.template == "email-address")
    }
}
