import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Access to the mailbox doesn't affect second factors until a waiting period is over")
struct RecoveryTests {
    private let mailbox = TestMailbox()
    private static let day: TimeInterval = 86_400
    private static let newPassword = "through the looking-glass"

    /// An issuer where alice has just enrolled an authenticator app.
    private func issuer(_ engine: TestEngine = .sqlite) async throws -> TestIssuer {
        let issuer = try await TestIssuer(database: TestDatabase(engine), mailbox: mailbox)
        try await issuer.enroll("alice")
        return issuer
    }

    private func user(_ issuer: TestIssuer, _ name: String = "alice") async throws -> User {
        try #require(try await issuer.stores.users.find(named: name))
    }

    private func apps(_ issuer: TestIssuer, _ name: String = "alice") async throws -> Int {
        try await issuer.stores.totpCredentials.credentials(of: user(issuer, name).id).count
    }

    /// Reports a sign-in through the link in its email. Returns the page with the result.
    private func report(_ issuer: TestIssuer, _ browser: Browser, _ name: String = "alice") async throws -> Page {
        try await issuer.provider.mail.add(
            .unknownDevice(user(issuer, name).id, device: "Firefox on Linux", address: "203.0.113.9"))
        try await issuer.deliver()
        let letter = try #require(mailbox.all.last { $0.kind == "unknown_device" })
        return try await browser.submit(browser.open(letter, at: issuer).page(), []).page()
    }

    /// Like `report`, and then sets a new password.
    private func reportAndReset(_ issuer: TestIssuer, _ browser: Browser, _ name: String = "alice") async throws {
        let page = try await report(issuer, browser, name)
        #expect(page.text("title") == "text.recovery_started_title")
        let parts = page.text("continue_uri").split(separator: "?").map(String.init)
        let reset = try await browser.request(.get, parts[0], query: parts[1]).page()
        #expect(try await browser.submit(reset, [("password", Self.newPassword)]).status == .ok)
        try await issuer.deliver()
    }

    private func signIn(_ issuer: TestIssuer, _ browser: Browser, _ name: String = "alice") async throws -> Page {
        let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
        return try await browser.submit(page, [("username", name), ("password", Self.newPassword)]).page()
    }

    /// Opens the last email of the given kind and confirms its page.
    private func use(_ kind: String, _ issuer: TestIssuer) async throws -> Response {
        let browser = Browser(issuer)
        let letter = try #require(mailbox.all.last { $0.kind == kind })
        let opened = try await browser.open(letter, at: issuer)
        return opened.status == .ok ? try await browser.submit(opened.page(), []) : opened
    }

    @Test("reporting a sign-in ends sessions and resets the password but doesn't bypass the second factor")
    func link() async throws {
        let issuer = try await issuer()
        let thief = Browser(issuer)
        try await reportAndReset(issuer, thief)
        #expect(try await signIn(issuer, thief).template == "second-factor")
        #expect(try await apps(issuer) == 1)
        #expect(mailbox.kinds.sorted() == ["password_changed", "recovery_started", "unknown_device"])
        // Another report neither shortens nor restarts the wait.
        let until = try #require(try await issuer.stores.recoveries.find(user(issuer).id)).readyAt
        issuer.clock.advance(by: 3 * Self.day - 1)
        #expect(try await report(issuer, thief).text("title") == "text.recovery_started_title")
        #expect(try await issuer.stores.recoveries.find(user(issuer).id)?.readyAt == until)
        #expect(try await apps(issuer) == 1)
    }

    @Test(
        "after notices and the wait, a link removes the disputed factors and ends all sessions",
        arguments: TestEngine.allCases)
    func wholeWay(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine)
        let owner = Browser(issuer)
        try await reportAndReset(issuer, owner)
        for (hours, kinds) in [(47.0, []), (1, ["recovery_reminder"]), (23, []), (1, ["recovery_ready"])] {
            let before = mailbox.kinds.count
            issuer.clock.advance(by: hours * 3_600)
            try await issuer.deliver()
            #expect(Array(mailbox.kinds.dropFirst(before)) == kinds)
        }
        let done = try await use("recovery_ready", issuer)
        #expect(try done.page().text("title") == "text.recovery_finished_title")
        #expect(try await apps(issuer) == 0)
        #expect(try await signIn(issuer, owner).template == "consent")
        try await issuer.deliver()
        #expect(mailbox.kinds.suffix(1) == ["factor_removed"])
        let events = try await issuer.recorded().map(\.event)
        for event in ["recovery_started", "recovery_finished", "factor_removed"] { #expect(events.contains(event)) }
        #expect(try await use("recovery_ready", issuer).status == .gone)
    }

    @Test("signing in with the disputed factor cancels recovery with a notice, and no further emails follow")
    func factorShown() async throws {
        let issuer = try await issuer()
        let owner = Browser(issuer)
        try await reportAndReset(issuer, owner)
        let asked = try await signIn(issuer, owner)
        #expect(try await owner.submit(asked, [("code", issuer.code())]).page().template == "consent")
        #expect(try await issuer.stores.recoveries.find(user(issuer).id) == nil)
        issuer.clock.advance(by: 4 * Self.day)
        try await issuer.deliver()
        #expect(
            mailbox.kinds.filter { $0.hasPrefix("recovery") } == ["recovery_started", "recovery_canceled"])
        #expect(try await apps(issuer) == 1)
    }

    @Test("the link in the notice cancels recovery and works only once")
    func cancelLink() async throws {
        let issuer = try await issuer()
        try await reportAndReset(issuer, Browser(issuer))
        #expect(try await use("recovery_started", issuer).page().text("title") == "text.recovery_canceled_title")
        #expect(try await issuer.stores.recoveries.find(user(issuer).id) == nil)
        issuer.clock.advance(by: 4 * Self.day)
        try await issuer.deliver()
        #expect(mailbox.kinds.filter { $0 == "recovery_ready" } == [])
        #expect(try await use("recovery_started", issuer).status == .gone)
    }

    @Test("a recovery removes no recovery codes where there was only an access code, and says so to nobody")
    func accessCode() async throws {
        let issuer = try await issuer()
        let owner = try await user(issuer)
        let now = issuer.clock.now
        _ = try await issuer.administration.makeAccessCode(for: owner, lifetime: 86_400)
        let removed = try await RecentFactors(issuer.core).remove(of: owner.id, addedIn: now - 60...now + 60)
        #expect(!removed.contains(.recoveryCode))
        #expect(try await !issuer.records("factor_removed").contains { $0.factor == "recovery_code" })
    }

    @Test("signing in with an older factor allows removing the disputed ones immediately, and only those")
    func olderFactor() async throws {
        let issuer = try await issuer()
        var bob = try await user(issuer, "bob")
        bob.email = "bob@example.com"
        try await issuer.stores.users.save(bob)
        issuer.clock.advance(by: 10 * Self.day)
        let codes = [SecretDigest<RecoveryCode>(bytes: [1])]
        #expect(try await issuer.stores.recoveryCodes.replace(codes, of: bob, at: issuer.clock.now))
        let owner = Browser(issuer)
        issuer.clock.advance(by: 60)
        try await reportAndReset(issuer, owner, "bob")
        let asked = try await signIn(issuer, owner, "bob")
        _ = try await owner.submit(asked, [("code", issuer.code())])
        let account = try await owner.get("/account").page()
        guard case .object(let recovery)? = account.data["recovery"] else {
            throw Unexpected("the account page shows no recovery")
        }
        #expect(recovery["can_remove"] == .flag(true))
        let done = try await owner.request(
            .post, "/account/recovery", form: [("form_token", account.text("form_token")), ("action", "remove")])
        #expect(try done.page().text("title") == "text.recovery_finished_title")
        #expect(try await issuer.stores.recoveryCodes.count(of: bob.id) == 0)
        #expect(try await apps(issuer, "bob") == 1)
        #expect(try await owner.get("/account").page().template == "sign-in")
    }

    @Test("a passkey added by a thief no longer signs in on its own, and is removed after the wait")
    func passkey() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        var thief = try PasskeyPerson(issuer)
        try await thief.enrol()
        try await reportAndReset(issuer, Browser(issuer))
        _ = try await thief.answer(thief.signInPage())
        #expect(try await !thief.isSignedIn())
        #expect(try await issuer.stores.recoveries.find(user(issuer).id) != nil)
        issuer.clock.advance(by: 3 * Self.day)
        try await issuer.deliver()
        _ = try await use("recovery_ready", issuer)
        #expect(try await issuer.stores.passkeys.passkeys(of: user(issuer).id).isEmpty)
    }

    @Test("an account at an upstream that a thief linked no longer signs in on its own, and is removed after the wait")
    func upstream() async throws {
        let house = try await UpstreamCase(["copy_profile": "each_sign_in"], mailbox: mailbox)
        let issuer = house.issuer
        let thief = house.visitor()
        _ = try await thief.browser.signIn(on: house.chooseToLink(thief))
        #expect(try await house.owner() == "alice")
        try await reportAndReset(issuer, Browser(issuer))
        #expect(mailbox.kinds.contains("recovery_started"))
        let again = house.visitor()
        house.upstream.change { $0.userInfo["name"] = "Mallory" }
        #expect(try await house.comeBack(again).upstreamProblem == "not_admitted")
        // Nor does anything reach the account through it.
        #expect(try await house.user().claims["name"] == "Alice Liddell")
        #expect(try await issuer.stores.recoveries.find(user(issuer).id) != nil)
        issuer.clock.advance(by: 3 * Self.day)
        try await issuer.deliver()
        _ = try await use("recovery_ready", issuer)
        #expect(try await house.owner() == nil)
        #expect(try await issuer.records("upstream_unlinked").last?.details["upstream"] == "up")
        try await issuer.deliver()
        #expect(mailbox.all.last?.text("factor") == "text.mail_factor_upstream")
    }

    @Test("an account at an upstream that was linked long before signs in all the while, and stays")
    func olderUpstream() async throws {
        let house = try await UpstreamCase(mailbox: mailbox)
        try await house.issuer.link("alice", to: "up")
        house.issuer.clock.advance(by: 10 * Self.day)
        try await house.issuer.enroll("alice")
        try await reportAndReset(house.issuer, Browser(house.issuer))
        #expect(try await house.arrive(house.visitor()).page().template == "second-factor")
        house.issuer.clock.advance(by: 3 * Self.day)
        try await house.issuer.deliver()
        _ = try await use("recovery_ready", house.issuer)
        #expect(try await house.owner() == "alice")
    }

    @Test(
        "a sign-in concurrent with the removal of its linked account leaves no session", arguments: TestEngine.allCases)
    func upstreamRace(_ engine: TestEngine) async throws {
        for _ in 0..<4 {
            let house = try await UpstreamCase(engine: engine, mailbox: mailbox)
            let thief = house.visitor()
            _ = try await thief.browser.signIn(on: house.chooseToLink(thief))
            try await reportAndReset(house.issuer, Browser(house.issuer))
            house.issuer.clock.advance(by: 3 * Self.day)
            try await house.issuer.deliver()
            var visitors: [(UpstreamVisitor, [(String, String)])] = []
            for _ in 0..<24 {
                let visitor = house.visitor()
                visitors.append((visitor, try house.upstream.authorize(try await visitor.leave())))
            }
            let prepared = visitors
            _ = try await TestSupport.race(prepared.count + 1) { number in
                guard number < prepared.count else {
                    return try await use("recovery_ready", house.issuer).status == .ok
                }
                let (visitor, parameters) = prepared[number]
                return try await visitor.comeBack(parameters).status == .ok
            }
            #expect(try await house.owner() == nil)
            #expect(
                try await house.stores.sessions.sessions(of: house.user().id, at: house.issuer.clock.now).isEmpty)
        }
    }

    @Test("a passkey sign-in concurrent with a report leaves no session", arguments: TestEngine.allCases)
    func passkeyRace(_ engine: TestEngine) async throws {
        for _ in 0..<4 {
            let issuer = try await TestIssuer(database: TestDatabase(engine), mailbox: mailbox)
            var thief = try PasskeyPerson(issuer)
            try await thief.enrol()
            let prepared = thief
            try await confirmation { reported in
                _ = try await TestSupport.race(24) { number in
                    guard number > 0 else {
                        _ = try await report(issuer, Browser(issuer))
                        return reported()
                    }
                    var thief = prepared
                    for _ in 0..<4 {
                        thief.browser = Browser(issuer)
                        _ = try await thief.answer(thief.signInPage())
                    }
                }
            }
            #expect(try await issuer.stores.sessions.sessions(of: user(issuer).id, at: issuer.clock.now).isEmpty)
            #expect(try await issuer.stores.recoveries.find(user(issuer).id) != nil)
        }
    }

    @Test("a factor added while the report was in progress is disputed")
    func period() {
        let start = TestClock().now
        let recovery = AccountRecovery(
            user: .random(), disputedFrom: start - 60, startedAt: start, readyAt: start + 600, expiresAt: start + 900)
        let disputed = [-61.0, -60, 0, 60, 61].map { recovery.disputes(.totp.added(at: start + $0)) }
        #expect(disputed == [false, true, true, true, false])
    }

    @Test("of concurrent attempts to finish and cancel, one wins")
    func race() async throws {
        let issuer = try await issuer()
        try await reportAndReset(issuer, Browser(issuer))
        issuer.clock.advance(by: 3 * Self.day)
        try await issuer.deliver()
        let results = try await TestSupport.race(8) { number in
            try await use(number.isMultiple(of: 2) ? "recovery_ready" : "recovery_started", issuer).status == .ok
        }
        #expect(results.count(where: \.self) == 1)
    }

    @Test("each kind of evidence has its decision, before and after the wait", arguments: RecoveryEvidence.allCases)
    func decision(_ evidence: RecoveryEvidence) throws {
        let start = TestClock().now
        let recovery = AccountRecovery(
            user: .random(), disputedFrom: start - 60, startedAt: start, readyAt: start + 60, expiresAt: start + 120)
        func step(_ recovery: AccountRecovery?, at seconds: TimeInterval, hasDisputed: Bool = true) -> RecoveryStep {
            RecoveryStep(recovery, on: evidence, hasDisputed: hasDisputed, at: start + seconds)
        }
        let (none, waiting, ready): (RecoveryStep, RecoveryStep, RecoveryStep) =
            switch evidence {
            case .mailbox: (.start, .wait, .remove)
            case .olderFactor: (.nothing, .remove, .remove)
            case .disputedFactor, .cancellation: (.nothing, .cancel, .cancel)
            }
        #expect(step(nil, at: 0) == none)
        #expect(step(nil, at: 0, hasDisputed: false) == .nothing)
        #expect(step(recovery, at: 59) == waiting)
        #expect(step(recovery, at: 60) == ready)
        // An expired recovery counts as none.
        #expect(step(recovery, at: 120) == none)
    }
}

@Suite("A password reset by email and an email code count as one factor")
struct MailedPasswordTests {
    private let mailbox = TestMailbox()
    private static let password = "through the looking-glass"

    /// An issuer where someone with access to alice's mailbox has reset her password. `demand` adds to her role.
    private func issuer(demanding demand: String, emailCodes: Bool = true) async throws -> TestIssuer {
        let issuer = try await TestIssuer(mailbox: mailbox) { $0.acceptsEmailCodes = emailCodes }
        try await issuer.apply(
            #"""
            {"roles": [{"name": "admin", "permissions": []\#(demand)}],
             "users": [{"username": "alice", "roles": ["admin"], "email": "alice@example.com",
                        "email_verified": true}]}
            """#)
        let browser = Browser(issuer)
        _ = try await browser.submit(browser.get("/forgot-password").page(), [("username", "alice")])
        try await issuer.deliver()
        let letter = try #require(mailbox.all.last)
        _ = try await browser.submit(browser.open(letter, at: issuer).page(), [("password", Self.password)])
        return issuer
    }

    private func signIn(_ issuer: TestIssuer, _ password: String = Self.password) async throws -> Response {
        try await Browser(issuer).authorize(Browser.webRequest(), as: "alice", password: password)
    }

    @Test(
        "if two factors are required, a password reset by email must wait, but an administrator's password needn't",
        arguments: ["time", "administrator"], [true, false])
    func wait(_ help: String, emailCodes: Bool) async throws {
        let issuer = try await issuer(demanding: #", "minimum_acr": "urn:martlet:acr:2""#, emailCodes: emailCodes)
        let next = emailCodes ? "second-factor" : "enrol"
        let refused = try await signIn(issuer)
        #expect(refused.status == .forbidden)
        #expect(try refused.page().hasError("waiting"))
        let login = try await issuer.call(
            .post, "/api/auth/login", #"{"username": "alice", "password": "\#(Self.password)"}"#)
        #expect(login.problem == "insufficient_user_authentication")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).isEmpty)
        if help == "time" {
            issuer.clock.advance(by: 72 * 3_600)
            #expect(try await signIn(issuer).page().template == next)
        } else {
            try await issuer.administration.setPassword("an administrator's", of: alice)
            #expect(try await signIn(issuer, "an administrator's").page().template == next)
        }
    }

    @Test("before the wait is over, an email doesn't unlock the second factor")
    func unlock() async throws {
        let issuer = try await issuer(demanding: "")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let digester = SecretDigester(issuer.vault)
        let (password, code) = (
            AttemptCounter.account("alice").key(digester),
            AttemptCounter.secondFactor(of: alice.id, on: nil).key(digester)
        )
        let end = issuer.clock.now + 80 * 3_600
        for (remaining, hours) in [(Set([code]), 0.0), (Set(), 72)] {
            issuer.clock.advance(by: hours * 3_600)
            try await issuer.stores.attempts.fail([password, code], at: issuer.clock.now, expiresAt: end)
            try await issuer.provider.mail.add(.secondFactorLocked(alice.id))
            try await issuer.deliver()
            let browser = Browser(issuer)
            let letter = try #require(mailbox.all.last { $0.kind == "locked_out" })
            let done = try await browser.submit(browser.open(letter, at: issuer).page(), []).page()
            #expect(done.text("title") == "text.unlocked_title")
            let failures = try await issuer.stores.attempts.failures(of: [password, code], at: issuer.clock.now)
            #expect(Set(failures.keys) == remaining)
        }
    }

    @Test("a new password from the account page doesn't end the wait")
    func changed() async throws {
        let issuer = try await issuer(demanding: "")
        let browser = Browser(issuer)
        _ = try await browser.authorize(Browser.webRequest(), as: "alice", password: Self.password)
        let page = try await browser.get("/account/password").page()
        _ = try await browser.submit(page, [("password", "another looking-glass")])
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(alice.passwordMailedAt == issuer.clock.now)
    }

    @Test("a password reset by email can't enroll a second factor before the wait is over")
    func enrollment() async throws {
        let issuer = try await issuer(demanding: "")
        let browser = Browser(issuer)
        _ = try await browser.authorize(Browser.webRequest(), as: "alice", password: Self.password)
        for path in ["/account/recovery-codes", "/account/authenticator-apps"] {
            let page = try await browser.get(path).page()
            #expect(try await browser.submit(page, []).status == .forbidden)
        }
        issuer.clock.advance(by: 72 * 3_600)
        _ = try await browser.authorize(Browser.webRequest(), as: "alice", password: Self.password)
        let page = try await browser.get("/account/recovery-codes").page()
        #expect(try await browser.submit(page, []).status == .ok)
    }
}
