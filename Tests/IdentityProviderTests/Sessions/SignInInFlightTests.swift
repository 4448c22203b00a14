import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("In-flight sign-ins are void once all sessions have ended")
struct SignInInFlightTests {
    @Test(
        "of concurrent sign-ins and password changes, no session with the old password remains",
        arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        var forms: [(browser: Browser, page: Page)] = []
        for _ in 0..<32 {
            let browser = Browser(issuer)
            forms.append((browser, try await browser.get("/authorize", Browser.webRequest()).page()))
        }
        let prepared = forms
        _ = try await TestSupport.race(32) { number in
            if number % 8 == 4 {
                try await issuer.administration.setPassword("a new password \(number)", of: alice)
            } else {
                let (browser, page) = prepared[number]
                _ = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
            }
        }
        #expect(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).isEmpty)
    }

    @Test("the second-factor page is void after signing out everywhere or changing the password")
    func secondFactorPage() async throws {
        for change in ["everywhere", "password"] {
            let issuer = try await TestIssuer()
            let bob = try #require(try await issuer.stores.users.find(named: "bob"))
            let browser = Browser(issuer)
            let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
            #expect(page.template == "second-factor")
            if change == "password" {
                try await issuer.administration.setPassword("a new password", of: bob)
            } else {
                try await issuer.administration.endSessions(of: bob)
            }
            #expect(try await browser.submit(page, [("code", issuer.code())]).status == .gone)
            #expect(try await issuer.stores.sessions.sessions(of: bob.id, at: issuer.clock.now).isEmpty)
        }
    }

    @Test("the ticket of the JSON API is void after signing out everywhere")
    func ticket() async throws {
        let front = try await FrontEnd()
        let ticket = try await front.ticket()
        let bob = try #require(try await front.issuer.stores.users.find(named: "bob"))
        try await front.issuer.administration.endSessions(of: bob)
        #expect(try await front.mfa(ticket, front.code()).problem == "authentication_failed")
        #expect(try await front.mfa(front.ticket(), front.code()).status == .ok)
    }

    @Test("concurrent sign-ins that upgrade an old password hash all succeed", arguments: TestEngine.allCases)
    func upgrades(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        _ = try await TestIssuer(
            database: database, passwordCost: Argon2Parameters(memory: 16, iterations: 1))
        let issuer = try await TestIssuer(resources: "{}", database: database)
        let codes = try await TestSupport.race(8) { _ in try await Browser(issuer).code() }
        #expect(codes.count == 8)
    }
}
