import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// Two networks in two countries, and all else nowhere.
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

@Suite("Unusual sign-ins, in the whole flow")
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

    /// Whether somebody is signed in: the client has its answer, or is about to.
    private func isIn(_ response: Response) throws -> Bool {
        if response.headers[.location]?.hasPrefix("https://shop.example/callback?code=") == true { return true }
        return try response.page().template == "consent"
    }

    @Test("travel that nobody makes takes a second factor, also in a browser that stands in for it")
    func travel() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer, at: Self.home)
        let first = try await bob(browser, issuer).page()
        #expect(try isIn(await browser.submit(first, [("code", try issuer.code()), ("remember", "yes")])))
        #expect(try isIn(await bob(browser, issuer)))
        browser.travel(to: Self.away)
        let asked = try await bob(browser, issuer).page()
        #expect(asked.template == "second-factor")
        // Beginning anew leads to nothing else.
        #expect(try await bob(browser, issuer).page().template == "second-factor")
        issuer.clock.advance(by: 60)
        #expect(try isIn(await browser.submit(asked, [("code", try issuer.code())])))
        // From there on it is known, and the browser stands in again.
        #expect(try isIn(await bob(browser, issuer)))
        let alarms = try await events("suspicious_sign_in", issuer)
        #expect(alarms.count == 2)
        #expect(alarms[0].details["consequence"] == "factor")
        #expect(alarms[0].details["signals"] == ["unknown_network", "unknown_country", "impossible_travel"])
        #expect(alarms[0].notes.contains { $0.contains("impossible_travel") })
    }

    @Test("who has nothing to show is let in with a notice: to have them set something up would prove nothing")
    func nothingToShow() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        // Without a verified address there is no code by mail.
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

    @Test("who has a verified address proves it by a code")
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

    @Test("what is refused looks like a wrong password, makes no session, and is told to the person")
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

    @Test("what is refused is counted as a wrong password: the wait does not tell that it was right")
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

    @Test("the JSON API refuses alike, and knows a program by its network")
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
        // It keeps no cookie to be known by, so it leaves no browser behind.
        #expect(try await issuer.stores.devices.devices(of: alice(issuer), at: issuer.clock.now).isEmpty)
    }

    @Test("passwords tried at many accounts: whoever hits one shows more, and only there")
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
        // An hour later it is forgotten.
        issuer.clock.advance(by: 3_601)
        #expect(try isIn(await Browser(issuer, at: thief).authorize(Self.login)))
    }

    @Test(
        "one account tried from many addresses: its owner shows more in a new browser, and nothing where they are known"
    )
    func manyAddresses() async throws {
        let mailbox = TestMailbox()
        let issuer = try await issuer(mailbox: mailbox)
        let own = Browser(issuer, at: Self.home)
        #expect(try isIn(await own.authorize(Self.login)))
        for number in 0..<10 {
            // Longer than the failures before make wait.
            issuer.clock.advance(by: 120)
            // By either of its names it is the same account.
            let name = number.isMultiple(of: 2) ? "alice" : "ALICE@example.com"
            _ = try await issuer.call(
                .post, "/api/auth/login", #"{"username": "\#(name)", "password": "wrong"}"#,
                from: "203.0.113.\(number)")
        }
        issuer.clock.advance(by: 120)
        #expect(try isIn(await own.authorize(Self.login)))
        #expect(try await Browser(issuer, at: Self.home).authorize(Self.login).page().template == "second-factor")
    }

    @Test("failures at once count each pair of account and subscriber once")
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

    @Test("whoever signs out everywhere, or says that it was not them, makes strangers of networks, too")
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
