import Authenticators
import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import SQLStorage

@Suite("An access code replaces a lost second factor once")
struct AccessCodeTests {
    private func bob(_ issuer: TestIssuer) async throws -> User {
        try #require(try await issuer.stores.users.find(named: "bob"))
    }

    private func makeCode(_ issuer: TestIssuer, lifetime: TimeInterval = 900) async throws -> String {
        try await issuer.administration.makeAccessCode(for: bob(issuer), lifetime: lifetime)
    }

    /// Returns the page that asks bob for his access code, after his password.
    private func asked(_ browser: Browser) async throws -> Page {
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        guard page.template == "second-factor" else { throw Unexpected("got \(page.template)") }
        return try await browser.get(
            "/second-factor", [("interaction", page.text("interaction")), ("factor", "access_code")]
        ).page()
    }

    private func enrol(_ issuer: TestIssuer, _ browser: Browser, _ page: Page) async throws -> Response {
        let code = try issuer.code(page.text("totp", "secret"))
        return try await browser.submit(
            page, [("factor", "totp"), ("offer", page.text("totp", "offer")), ("code", code), ("name", "New")])
    }

    @Test("password and code lead to a new factor, and only then to a session")
    func signIn() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        let code = try await makeCode(issuer)
        let browser = Browser(issuer)
        let page = try await asked(browser)
        #expect(page.text("factor") == "access_code")
        let enrolment = try await browser.submit(page, [("code", code.lowercased()), ("remember", "yes")]).page()
        #expect(enrolment.template == "enrol")
        // No session yet, however the browser goes on.
        let silent = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()
        #expect(silent["error"] == "login_required")
        for path in ["/second-factor", "/enrol"] {
            let next = try await browser.get(path, [("interaction", enrolment.text("interaction"))]).page()
            #expect(next.template == "enrol")
        }
        let codes = try await enrol(issuer, browser, enrolment)
        #expect(try codes.page().list("codes").count == 10)
        #expect(try await browser.keepCodes(codes).page().template == "consent")
        let sessions = try await issuer.stores.sessions.sessions(of: bob(issuer).id, at: issuer.clock.now)
        #expect(sessions.map(\.acr) == ["urn:martlet:acr:2"] && sessions.first?.trustsDevice == false)
        #expect(try await issuer.records("access_code_used").count == 1)
        let signedIn = try #require(try await issuer.records("signed_in").first)
        #expect(signedIn.details["factors"] == ["password", "access_code", "totp"])
        #expect(
            try await issuer.stores.devices.devices(of: bob(issuer).id, at: issuer.clock.now)
                .allSatisfy { !$0.isTrusted(at: issuer.clock.now) })
    }

    @Test("a used, replaced, expired or another user's code is refused like any wrong one")
    func refused() async throws {
        let issuer = try await TestIssuer()
        try await issuer.enroll("alice")
        let (former, alices) = (
            try await makeCode(issuer),
            try await issuer.administration.makeAccessCode(
                for: #require(try await issuer.stores.users.find(named: "alice")), lifetime: 900)
        )
        let code = try await makeCode(issuer, lifetime: 60)
        let browser = Browser(issuer)
        let page = try await asked(browser)
        for wrong in [former, alices, "00000-00000", "x", String(code.dropLast())] {
            #expect(try await browser.submit(page, [("code", wrong)]).page().hasError("code"))
        }
        issuer.clock.advance(by: 61)
        #expect(try await !verifies(code, issuer))
        // It is no longer offered either.
        let late = try await browser.submit(page, [("code", code)]).page()
        #expect(late.template == "second-factor" && late.text("factor") == "totp")
        let new = try await makeCode(issuer)
        #expect(try await verifies(new, issuer))
        #expect(try await !verifies(new, issuer))
    }

    /// Whether the factor accepts `code` from bob, however the page came to ask for it.
    private func verifies(_ code: String, _ issuer: TestIssuer) async throws -> Bool {
        let request = try Request(
            method: .post, path: "/second-factor", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array("code=\(code)".utf8))
        return try await AccessCodeFactor(issuer.core).verify(request, of: bob(issuer)) != nil
    }

    @Test("a code that was used in another browser is refused")
    func used() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer)
        let (first, second) = (Browser(issuer), Browser(issuer, at: "192.0.2.7"))
        let pages = (try await asked(first), try await asked(second))
        #expect(try await first.submit(pages.0, [("code", code)]).page().template == "enrol")
        let late = try await second.submit(pages.1, [("code", code)]).page()
        #expect(late.template == "second-factor" && late.text("factor") == "totp")
    }

    @Test("when the lost factor is removed, the password alone neither signs in nor adds a factor")
    func removed() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer)
        let lost = try await issuer.administration.factors(of: bob(issuer)).filter { $0.factor == .totp }
        #expect(try await issuer.administration.remove(lost, of: bob(issuer)) == lost)
        let thief = Browser(issuer, at: "192.0.2.66")
        let page = try await thief.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(page.template == "second-factor" && page.text("factor") == "access_code")
        let forced = try await thief.get("/enrol", [("interaction", page.text("interaction"))]).page()
        #expect(forced.template == "second-factor")
        #expect(try await issuer.stores.sessions.sessions(of: bob(issuer).id, at: issuer.clock.now).isEmpty)
        let owner = Browser(issuer)
        let asked = try await owner.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(try await owner.submit(asked, [("code", code)]).page().template == "enrol")
    }

    private struct Lockout: Sendable {
        let name: String
        let act: @Sendable (TestIssuer, User) async throws -> Void
    }

    private static let lockouts = [
        Lockout(name: "this wasn't me") { issuer, bob in try await AccountProtection(issuer.core).shut(bob) },
        Lockout(name: "a new password") { issuer, bob in
            try await issuer.administration.setPassword("a much longer one", of: bob)
        },
        Lockout(name: "a password reset") { issuer, bob in
            let isReset = try await AccountProtection(issuer.core).setPassword(
                bob.passwordHash ?? "", of: bob, mailedAt: issuer.clock.now, because: .passwordReset,
                after: Request(method: .post, path: "/reset-password"))
            #expect(isReset)
        },
        Lockout(name: "sign-out everywhere") { issuer, bob in try await issuer.administration.endSessions(of: bob) },
        Lockout(name: "disabling and enabling") { issuer, bob in
            for isDisabled in [true, false] { try await issuer.administration.setDisabled(isDisabled, bob) }
        },
    ]

    @Test("it doesn't survive what locks an intruder out", arguments: lockouts.indices)
    func void(_ index: Int) async throws {
        let lockout = Self.lockouts[index]
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer, lifetime: 86_400)
        try await lockout.act(issuer, bob(issuer))
        #expect(try await issuer.stores.recoveryCodes.accessCodeExpiry(of: bob(issuer).id) == nil, "\(lockout.name)")
        #expect(try await !verifies(code, issuer), "\(lockout.name)")
    }

    @Test("of many browsers with one code, one gets on")
    func race() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer)
        var pages: [(Browser, Page)] = []
        for number in 0..<8 {
            let browser = Browser(issuer, at: "192.0.2.\(number)")
            pages.append((browser, try await asked(browser)))
        }
        let started = pages
        let templates = try await TestSupport.race(8) { number in
            try await started[number].0.submit(started[number].1, [("code", code)]).page().template
        }
        #expect(templates.count { $0 == "enrol" } == 1)
    }

    @Test("guesses at it count as wrong second factors, and lock both")
    func guesses() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer)
        let browser = Browser(issuer)
        let page = try await asked(browser)
        for number in 0..<40 {
            let response = try await browser.submit(page, [("code", "00000-0000\(number % 10)")])
            if response.status == .tooManyRequests { break }
        }
        #expect(try await browser.submit(page, [("code", code)]).status == .tooManyRequests)
        let app = try await browser.get(
            "/second-factor", [("interaction", page.text("interaction")), ("factor", "totp")]
        ).page()
        #expect(try await browser.submit(app, [("code", issuer.code())]).status == .tooManyRequests)
    }

    @Test("it doesn't replace the password, and no page accepts it where it is not asked for")
    func notAlone() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer)
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: code).page()
        #expect(page.template == "sign-in" && page.hasError("credentials"))
        // As a recovery code or a code of the app.
        let asked = try await asked(browser)
        for factor in ["totp", "recovery_code"] {
            let response = try await browser.request(
                .post, "/second-factor",
                form: [
                    ("form_token", asked.text("form_token")), ("interaction", asked.text("interaction")),
                    ("factor", factor), ("code", code),
                ])
            #expect(try await browser.follow(response).page().template == "second-factor")
        }
        #expect(try await issuer.stores.recoveryCodes.accessCodeExpiry(of: bob(issuer).id) != nil)
    }

    @Test("where the policy demands a passkey, the code leads to a passkey and nothing weaker")
    func phishingResistant() async throws {
        let issuer = try await TestIssuer { $0.minimumContext = .phishingResistant }
        let code = try await makeCode(issuer)
        let browser = Browser(issuer)
        let page = try await browser.submit(asked(browser), [("code", code)]).page()
        #expect(page.template == "enrol" && page.data["totp"] == nil && page.data["passkey"] != nil)
        let refused = try await browser.submit(page, [("factor", "totp"), ("code", "000000")]).page()
        #expect(refused.template == "enrol" && refused.hasError("code"))
    }

    @Test("the JSON API doesn't spend it, because enrollment needs a browser")
    func firstParty() async throws {
        let frontEnd = try await FrontEnd()
        let code = try await makeCode(frontEnd.issuer)
        let due = try await frontEnd.login(FrontEnd.bob)
        #expect(due["factors"] == ["totp"])
        let ticket = due["ticket"]?.string ?? ""
        let answer = try await frontEnd.post("mfa", #""ticket":"\#(ticket)","factor":"access_code","code":"\#(code)""#)
        #expect(answer.status == .unauthorized)
        #expect(try await frontEnd.issuer.stores.recoveryCodes.accessCodeExpiry(of: bob(frontEnd.issuer).id) != nil)
        // Without another factor, it still counts as enrolled.
        let administration = frontEnd.issuer.administration
        let lost = try await administration.factors(of: bob(frontEnd.issuer)).filter { $0.factor == .totp }
        _ = try await administration.remove(lost, of: bob(frontEnd.issuer))
        let alone = try await frontEnd.login(FrontEnd.bob)
        #expect(alone["type"]?.string?.hasSuffix("enrolment_required") == true, "\(alone)")
        #expect(alone["factors"] == ["totp", "passkey"] && alone["access_token"] == nil)
    }

    @Test("the database holds only its digest")
    func stored() async throws {
        let issuer = try await TestIssuer()
        let code = try await makeCode(issuer).filter { $0 != "-" }
        let rows = try await issuer.database.database.read {
            try $0.query("SELECT digest FROM recovery_codes WHERE expires_at IS NOT NULL", [])
        }
        guard case .blob(let digest)? = rows.first?.values.first else { throw Unexpected("no digest is stored") }
        #expect(rows.count == 1 && digest.count >= 32)
        #expect(!String(decoding: digest, as: UTF8.self).contains(code))
    }
}
