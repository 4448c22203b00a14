import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// Locates one network in each of two countries, and nothing else.
private struct TwoCities: Geolocator {
    func location(of address: String) -> Location? {
        switch address.prefix(4) {
        case "192.":
            Location(
                country: "DE", city: "Munich", coordinates: .init(latitude: 48.1, longitude: 11.6, uncertainty: 9))
        case "198.":
            Location(
                country: "US", city: "New York", coordinates: .init(latitude: 40.7, longitude: -74, uncertainty: 9))
        default: nil
        }
    }
}

@Suite("Unusual sign-ins end to end")
struct SuspiciousSignInTests {
    private static let (home, away) = ("192.0.2.7", "198.51.100.7")
    private static let login = Browser.webRequest([("prompt", "login")])

    private func issuer(_ rules: [RiskSignal: RiskConsequence] = [:], mailbox: TestMailbox? = nil)
        async throws -> TestIssuer
    {
        try await TestIssuer(mailbox: mailbox, geolocator: TwoCities()) { settings in
            settings.risk.consequences.merge(rules) { _, new in new }
        }
    }

    private func events(_ name: String, _ issuer: TestIssuer) async throws -> [AuditRecord] {
        try await issuer.audit.flush()
        var query = AuditQuery()
        query.events = [name]
        return try await issuer.audit.store.find(query).map(\.record)
    }

    private func bob(_ browser: Browser, _ issuer: TestIssuer) async throws -> Response {
        issuer.clock.advance(by: 60)
        return try await browser.authorize(Self.login, as: "bob", password: "battery staple")
    }

    /// Whether a user is signed in: the client got a code, or consent is pending.
    private func isIn(_ response: Response) throws -> Bool {
        if response.headers[.location]?.hasPrefix("https://shop.example/callback?code=") == true { return true }
        return try response.page().template == "consent"
    }

    @Test("impossible travel requires a second factor, even in a remembered browser")
    func travel() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer, at: Self.home)
        let first = try await bob(browser, issuer).page()
        #expect(try isIn(await browser.submit(first, [("code", try issuer.code()), ("remember", "yes")])))
        #expect(try isIn(await bob(browser, issuer)))
        browser.travel(to: Self.away)
        let asked = try await bob(browser, issuer).page()
        #expect(asked.template == "second-factor")
        // Starting over doesn't avoid it.
        #expect(try await bob(browser, issuer).page().template == "second-factor")
        issuer.clock.advance(by: 60)
        #expect(try isIn(await browser.submit(asked, [("code", try issuer.code())])))
        // The new location is now known, and the browser is trusted again.
        #expect(try isIn(await bob(browser, issuer)))
        let alarms = try await events("suspicious_sign_in", issuer)
        #expect(alarms.count == 2)
        #expect(alarms[0].details["consequence"] == "factor")
        #expect(alarms[0].details["signals"] == ["unknown_network", "unknown_country", "impossible_travel"])
        #expect(alarms[0].notes.contains { $0.contains("impossible_travel") })
    }

    @Test("a user without a second factor is let in with a notice, since enrolling one would prove nothing")
    func nothingToShow() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        // The address is unverified, so email codes are unavailable.
        try await issuer.apply(
            #"{"users": [{"username": "dora", "password": "explorer of maps", "email": "dora@example.com"}]}"#)
        for address in [Self.home, Self.away] {
            let browser = Browser(issuer, at: address)
            #expect(try isIn(await browser.authorize(Self.login, as: "dora", password: "explorer of maps")))
        }
        try await issuer.deliver()
        #expect(mailbox.kinds == ["unusual_sign_in"])
        #expect("\(try #require(mailbox.all.first).data)".contains("198.51.100.7 (New York, US)"))
        #expect(try await events("suspicious_sign_in", issuer).count == 1)
    }

    @Test("a user with a verified email address is asked for an email code")
    func mailCode() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        let own = Browser(issuer, at: Self.home)
        #expect(try isIn(await own.authorize(Self.login)))
        let other = Browser(issuer, at: Self.away)
        let page = try await other.authorize(Self.login).page()
        #expect(page.template == "second-factor")
        try await issuer.deliver()
        let code = try #require(mailbox.all.last).text("code")
        let fields = [("offer", page.text("email_code", "offer")), ("code", code)]
        #expect(try isIn(await other.submit(page, fields)))
    }

    @Test("a refused sign-in looks like a wrong password, starts no session and notifies the user")
    func refused() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer([.impossibleTravel: .refuse], mailbox: mailbox)
        #expect(try isIn(await Browser(issuer, at: Self.home).authorize(Self.login)))
        let thief = Browser(issuer, at: Self.away)
        func attempt(_ password: String) async throws -> Page {
            let page = try await thief.get("/authorize", Self.login).page()
            return try await thief.submit(page, [("username", "alice"), ("password", password)]).page()
        }
        let (wrong, right) = (try await attempt("wrong horse"), try await attempt("correct horse"))
        #expect(right.template == "sign-in" && right.hasError("credentials"))
        let own: Set = ["interaction", "form_token", "request", "passkey"]
        for name in Set(wrong.data.keys).union(right.data.keys).subtracting(own).sorted() {
            #expect(wrong.data[name] == right.data[name], "\(name)")
        }
        #expect(thief.cookieHeader.contains("session") == false)
        #expect(try await issuer.stores.sessions.sessions(of: alice(issuer), at: issuer.clock.now).count == 1)
        try await issuer.deliver()
        #expect(mailbox.kinds == ["refused_sign_in"])
        let refusals = try await events("sign_in_refused", issuer).compactMap { $0.details["reason"]?.string }
        #expect(refusals == ["wrong_credential", "suspicious"])
    }

    @Test("a refused sign-in is counted like a wrong password, so the wait doesn't reveal that it was right")
    func counted() async throws {
        let issuer = try await issuer([.impossibleTravel: .refuse])
        func login(_ password: String, from address: String) async throws -> Int {
            try await issuer.call(
                .post, "/api/auth/login", #"{"username": "alice", "password": "\#(password)"}"#, from: address
            ).status.code
        }
        #expect(try await login("correct horse", from: Self.home) == 200)
        for password in ["wrong", "correct horse", "wrong", "correct horse", "correct horse"] {
            #expect(try await login(password, from: Self.away) == 401)
        }
        #expect(try await login("correct horse", from: Self.away) == 429)
    }

    @Test("the JSON API refuses the same way and recognizes programs by network")
    func api() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer([.impossibleTravel: .refuse], mailbox: mailbox)
        func login(_ password: String, from address: String) async throws -> Response {
            try await issuer.call(
                .post, "/api/auth/login", #"{"username": "alice", "password": "\#(password)"}"#, from: address)
        }
        #expect(try await login("correct horse", from: Self.home).status == .ok)
        #expect(try await login("correct horse", from: Self.home).status == .ok)
        let (wrong, right) = (
            try await login("wrong horse", from: Self.away), try await login("correct horse", from: Self.away)
        )
        #expect(right.status == .unauthorized)
        #expect(try right.json() == wrong.json())
        try await issuer.deliver()
        #expect(mailbox.kinds == ["refused_sign_in"])
        // The API sets no device cookie, so it must not store a device.
        #expect(try await issuer.stores.devices.devices(of: alice(issuer), at: issuer.clock.now).isEmpty)
    }

    @Test("after attempts at many accounts from one address, only that address must show a second factor")
    func manyAccounts() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        let own = Browser(issuer, at: Self.home)
        #expect(try isIn(await own.authorize(Self.login)))
        let thief = "203.0.113.9"
        for number in 0..<10 {
            issuer.clock.advance(by: 1)
            _ = try await issuer.call(
                .post, "/api/auth/login", #"{"username": "user\#(number)", "password": "correct horse"}"#, from: thief)
        }
        #expect(try await Browser(issuer, at: thief).authorize(Self.login).page().template == "second-factor")
        #expect(try isIn(await own.authorize(Self.login)))
        // The attempts are forgotten after an hour.
        issuer.clock.advance(by: 3_601)
        #expect(try isIn(await Browser(issuer, at: thief).authorize(Self.login)))
    }

    @Test(
        "after attempts from many addresses, a new browser must show a second factor but a known one needn't"
    )
    func manyAddresses() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        let own = Browser(issuer, at: Self.home)
        #expect(try isIn(await own.authorize(Self.login)))
        for number in 0..<10 {
            // Longer than the wait caused by the previous failures.
            issuer.clock.advance(by: 120)
            // Both names identify the same account.
            let name = number.isMultiple(of: 2) ? "alice" : "ALICE@example.com"
            _ = try await issuer.call(
                .post, "/api/auth/login", #"{"username": "\#(name)", "password": "wrong"}"#,
                from: "203.0.113.\(number)")
        }
        issuer.clock.advance(by: 120)
        #expect(try isIn(await own.authorize(Self.login)))
        #expect(try await Browser(issuer, at: Self.home).authorize(Self.login).page().template == "second-factor")
    }

    @Test("concurrent failures count each pair of account and subscriber once")
    func race() async throws {
        let issuer = try await issuer()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let spread = AttemptSpread(issuer.core)
        _ = try await TestSupport.race(64) { number in
            try await spread.failed("alice", of: alice, from: "192.0.2.\(number % 4)")
        }
        let failures = try await spread.failures(at: alice, from: "192.0.2.1")
        #expect(failures.accounts == 1)
        #expect(failures.subscribers == 4)
    }

    @Test("forgetting all devices also forgets known networks")
    func forgotten() async throws {
        let issuer = try await issuer()
        let user = try await alice(issuer)
        _ = try await Browser(issuer, at: Self.home).authorize(Self.login)
        #expect(
            try await issuer.stores.devices.networks(of: user, at: issuer.clock.now).map(\.network) == ["192.0.2.0/24"])
        try await issuer.stores.devices.forgetAll(of: user)
        #expect(try await issuer.stores.devices.networks(of: user, at: issuer.clock.now).isEmpty)
    }

    private func alice(_ issuer: TestIssuer) async throws -> Identifier<User> {
        try #require(try await issuer.stores.users.find(named: "alice")).id
    }
}
