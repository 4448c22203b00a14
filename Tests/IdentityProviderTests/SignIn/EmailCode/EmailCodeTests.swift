import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Email codes, notices and unlocking")
struct EmailCodeTests {
    private let mailbox = TestMailbox()
    private static let rule = """
        {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}],
         "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"], "email": "alice@example.com",
                    "email_verified": VERIFIED}]}
        """

    private func issuer(verified: Bool = true, isAccepted: Bool = true) async throws -> TestIssuer {
        let issuer = try await TestIssuer(mailbox: mailbox) { $0.acceptsEmailCodes = isAccepted }
        let resources = Self.rule.replacing("VERIFIED", with: verified ? "true" : "false")
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(resources.utf8))))
        return issuer
    }

    /// The page that asks for the code, and the offer to submit with it.
    private func asked(_ browser: Browser) async throws -> (page: Page, offer: String) {
        let page = try await browser.authorize(Browser.webRequest()).page()
        return (page, try offer(page))
    }

    private func offer(_ page: Page) throws -> String {
        guard case .object(let part)? = page.data["email_code"], case .text(let offer)? = part["offer"] else {
            throw Unexpected("expected a page that asks for an email code, got \(page.template)")
        }
        return offer
    }

    private func code(_ issuer: TestIssuer) async throws -> String {
        try await issuer.deliver()
        return try #require(mailbox.all.last { $0.kind == "code" }).text("code")
    }

    @Test("if email codes are switched off, none is sent or asked for, and another factor must be enrolled")
    func off() async throws {
        let issuer = try await issuer(isAccepted: false)
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest()).page()
        #expect(page.template == "enrol")
        let asked = try await browser.get(
            "/second-factor", [("interaction", page.text("interaction")), ("factor", "email_code")])
        #expect(try asked.page().template == "enrol")
        try await issuer.deliver()
        #expect(!mailbox.kinds.contains("code"))
    }

    @Test("reloading the page can't flood the mailbox, and codes are available again after an hour")
    func flood() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let (page, _) = try await asked(browser)
        func reload() async throws -> Response {
            try await browser.request(
                .get, "/second-factor",
                query: FormEncoding.encode([(name: "interaction", value: page.text("interaction"))]))
        }
        for _ in 1..<10 { #expect(try await reload().page().template == "second-factor") }
        let refused = try await reload()
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] != nil)
        try await issuer.deliver()
        #expect(mailbox.kinds.count == 10)
        issuer.clock.advance(by: 3_600)
        _ = try await asked(Browser(issuer))
        try await issuer.deliver()
        #expect(mailbox.kinds.count == 11)
    }

    @Test("an email code satisfies a two-factor requirement once, in the browser that requested it")
    func once() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let (page, offer) = try await asked(browser)
        let code = try await code(issuer)
        #expect(code.count == 8 && code.allSatisfy(\.isNumber))
        // Another browser can't use the code, even with the password.
        let thief = Browser(issuer)
        let theirs = try await asked(thief)
        for carried in [offer, theirs.offer] {
            let answer = try await thief.submit(theirs.page, [("code", code), ("offer", carried)])
            #expect(try answer.page().hasError("code"))
        }
        let answer = try await browser.submit(page, [("code", " \(code) "), ("offer", offer)])
        #expect(try answer.page().template == "consent")
        let second = Browser(issuer)
        let again = try await asked(second)
        #expect(try await second.submit(again.page, [("code", code), ("offer", offer)]).page().hasError("code"))
    }

    @Test("a wrong code doesn't send another email, a code expires after ten minutes, and guesses are limited")
    func limits() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        var (page, offer) = try await asked(browser)
        let code = try await code(issuer)
        let wrong = code == "00000000" ? "00000001" : "00000000"
        page = try await browser.submit(page, [("code", wrong), ("offer", offer)]).page()
        #expect(page.hasError("code"))
        #expect(try self.offer(page) == offer)
        try await issuer.deliver()
        #expect(mailbox.kinds == ["code"])
        issuer.clock.advance(by: 601)
        let late = try await browser.submit(page, [("code", code), ("offer", offer)])
        #expect(late.status != .ok || (try? late.page().template) != "consent")
        let other = Browser(issuer)
        let fresh = try await asked(other)
        var last: Response?
        for _ in 0..<8 {
            last = try await other.submit(fresh.page, [("code", wrong), ("offer", fresh.offer)])
        }
        #expect(last?.status == .tooManyRequests)
    }

    @Test("no code is sent to an unverified address, or to a user with an authenticator app")
    func better() async throws {
        let unproven = try await issuer(verified: false)
        let page = try await Browser(unproven).authorize(Browser.webRequest()).page()
        #expect(page.template == "enrol")
        let resources = """
            {"users": [{"username": "bob", "password": "battery staple", "email": "bob@example.com",
                        "email_verified": true, "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DP"}]}
            """
        let issuer = try await TestIssuer(mailbox: mailbox)
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(resources.utf8))))
        let asked = try await Browser(issuer).authorize(Browser.webRequest(), as: "bob", password: "battery staple")
        #expect(try asked.page().text("factor") == "totp")
        try await issuer.deliver()
        #expect(mailbox.all.isEmpty)
    }

    @Test("a tab opened before an authenticator app was enrolled can't use an email code instead")
    func staleTab() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let own = Browser(issuer)
        let signIn = try await own.get("/account/authenticator-apps").page()
        let apps = try await own.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        try await issuer.apply(
            #"""
            {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}],
             "users": [{"username": "alice", "roles": ["admin"], "email": "alice@example.com",
                         "email_verified": true}]}
            """#)
        let browser = Browser(issuer)
        let (page, offer) = try await asked(browser)
        let code = try await code(issuer)
        guard case .object(let app)? = apps.data["totp"], case .text(let secret)? = app["secret"],
            case .text(let carried)? = app["offer"]
        else { throw Unexpected("no authenticator app is offered") }
        _ = try await own.submit(apps, [("offer", carried), ("code", try issuer.code(secret))])

        let late = try await browser.submit(page, [("code", code), ("offer", offer)]).page()
        #expect(late.template == "second-factor")
        #expect(late.text("factor") == "totp")
        issuer.clock.advance(by: 30)
        #expect(try await browser.submit(late, [("code", issuer.code(secret))]).page().template == "consent")
    }

    @Test("an unknown browser triggers a notice, except the first; the browser can't inject text into the email")
    func unknownDevice() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let home = Browser(issuer)
        _ = try await home.code()
        issuer.clock.advance(by: 60)
        _ = try await home.code([("prompt", "login")])
        try await issuer.deliver()
        #expect(mailbox.all.isEmpty)
        _ = try await Browser(issuer).code()
        try await issuer.deliver()
        #expect(mailbox.kinds == ["unknown_device"])
        let letter = try #require(mailbox.all.first)
        #expect(letter.text("link").hasPrefix("https://id.example.com/not-me?link="))
        #expect(!"\(letter.data)".contains("\u{0}"))
    }

    @Test("a hundred wrong passwords lock an account; its owner gets an email and can unlock it")
    func unlock() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        func attempt(_ name: String, _ password: String) async throws -> Response {
            let browser = Browser(issuer)
            let page = try await browser.get("/authorize", Browser.webRequest()).page()
            return try await browser.submit(page, [("username", name), ("password", password)])
        }
        for name in ["nobody at all", "alice"] {
            for _ in 0..<100 {
                #expect(try await attempt(name, "wrong guess").status == .ok)
                issuer.clock.advance(by: 901)
            }
            #expect(try await attempt(name, "correct horse").status == .tooManyRequests)
            try await issuer.deliver()
        }
        #expect(mailbox.kinds == ["locked_out"])
        let letter = try #require(mailbox.all.first)
        let owner = Browser(issuer)
        let question = try await owner.open(letter, at: issuer).page()
        #expect(try await attempt("alice", "correct horse").status == .tooManyRequests)
        #expect(try await owner.submit(question, []).page().text("title") == "text.unlocked_title")
        #expect(try await attempt("alice", "correct horse").page().template == "consent")
        #expect(try await owner.submit(question, []).status == .gone)
    }
}

@Suite("Changing the email address requires a recent sign-in")
struct EmailAddressTests {
    private let mailbox = TestMailbox()

    @Test("an old session must sign in again, and then returns to the page")
    func recent() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let browser = Browser(issuer)
        let first = try await browser.get("/account/email").page()
        #expect(first.template == "sign-in")
        let back = try await browser.submit(first, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(back.template == "email-address")
        #expect(back.text("email") == "alice@example.com")
        issuer.clock.advance(by: 601)
        #expect(try await browser.get("/account/email").page().template == "sign-in")
        let late = try await browser.submit(back, [("email", "thief@example.org")])
        #expect(try late.page().template == "sign-in")
        try await issuer.deliver()
        #expect(mailbox.all.isEmpty)
    }

    @Test("the current address must confirm before the new one is asked")
    func order() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let browser = Browser(issuer)
        let page = try await browser.get("/account/email").page()
        let form = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(try await browser.submit(form, [("email", "no address")]).page().hasError("email"))
        let asked = try await browser.submit(form, [("email", "alice@example.org")])
        #expect(try asked.page().text("title") == "text.email_change_asked_title")
        try await issuer.deliver()
        #expect(mailbox.all.map(\.recipient.text) == ["alice@example.com"])
        #expect(mailbox.kinds == ["email_change"])
    }
}
