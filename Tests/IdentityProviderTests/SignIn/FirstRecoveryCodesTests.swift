import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("With their first second factor, users get recovery codes")
struct FirstRecoveryCodesTests {
    private func count(_ issuer: TestIssuer) async throws -> Int {
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        return try await issuer.stores.recoveryCodes.count(of: alice.id)
    }

    private func signIn(_ browser: Browser, _ path: String) async throws -> Page {
        let page = try await browser.get(path).page()
        return try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
    }

    private func fields(_ issuer: TestIssuer, _ page: Page) throws -> [(String, String)] {
        [("offer", page.text("totp", "offer")), ("code", try issuer.code(page.text("totp", "secret")))]
    }

    @Test("on the account page, a first app leads to the codes, which are made with one button; a second one doesn't")
    func account() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await signIn(browser, "/account/authenticator-apps")
        let offered = try await browser.submit(page, fields(issuer, page)).page()
        #expect(offered.template == "recovery-codes" && offered.data["is_first"] == true)
        // Nothing is made until the user asks for it.
        #expect(try await count(issuer) == 0)
        let made = try await browser.submit(offered, []).page()
        #expect(made.list("codes").count == 10 && made.data["is_first"] == true)
        #expect(try await count(issuer) == 10)
        let second = try await browser.get("/account/authenticator-apps").page()
        #expect(try await browser.submit(second, fields(issuer, second)).page().template == "account")
        let again = try await browser.get("/account/recovery-codes").page()
        #expect(again.data["is_first"] == false)
    }

    @Test("a first passkey leads there as well")
    func passkey() async throws {
        let issuer = try await TestIssuer()
        var person = try PasskeyPerson(issuer)
        let response = try await person.add(on: person.account())
        #expect(response.headers[.location] == "/account/recovery-codes")
        _ = try await person.browser.submit(person.browser.get("/account/recovery-codes").page(), [])
        person.authenticator = try SoftwareAuthenticator(seed: 9)
        let second = try await person.add(on: person.browser.get("/account/passkeys").page())
        #expect(second.headers[.location] == "/account/passkeys")
    }

    @Test("during a sign-in, the codes are shown once, and their page leads on to the application")
    func duringSignIn() async throws {
        let issuer = try await TestIssuer { $0.minimumContext = .multiFactor }
        let browser = Browser(issuer)
        let page = try await browser.authorize(Browser.webRequest()).page()
        #expect(page.template == "enrol")
        let shown = try await browser.submit(page, [("factor", "totp")] + fields(issuer, page))
        let codes = try shown.page().list("codes")
        #expect(codes.count == 10 && shown.headers[.cacheControl] == "no-store")
        #expect(try await browser.keepCodes(shown).page().template == "consent")
        #expect(try await count(issuer) == 10)
        let events = try await issuer.recorded().map(\.event)
        #expect(events.count { $0 == "recovery_codes_made" } == 1)

        // One of them replaces the app in another browser.
        let other = Browser(issuer)
        let asked = try await other.authorize(Browser.webRequest()).page()
        let entry = try await other.get(
            "/second-factor", [("interaction", asked.text("interaction")), ("factor", "recovery_code")]
        ).page()
        guard case .text(let code)? = codes.first?["code"] else { throw Unexpected("no code is shown") }
        #expect(try await other.submit(entry, [("code", code)]).page().template == "consent")
    }

    @Test("a user who has codes keeps them")
    func kept() async throws {
        let issuer = try await TestIssuer { $0.minimumContext = .phishingResistant }
        try await issuer.enroll("alice")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        _ = try await issuer.administration.renewRecoveryCodes(of: alice)
        var person = try PasskeyPerson(issuer)
        let asked = try await person.browser.authorize(Browser.webRequest()).page()
        let page = try await person.browser.submit(asked, [("code", issuer.code())]).page()
        #expect(page.template == "enrol")
        let credential = try person.authenticator.create(page.passkey.options)
        let next = try await person.browser.submit(
            page, [("factor", "passkey"), ("ceremony", page.passkey.ceremony), ("credential", credential)])
        #expect(try next.page().template == "consent")
        #expect(try await issuer.recorded().count { $0.event == "recovery_codes_made" } == 1)
    }
}
