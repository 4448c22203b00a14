import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Account emails: sign-up, verification, reset, change of address")
struct AccountMailTests {
    private let mailbox = TestMailbox()

    private func issuer(signUp: SignUpPolicy = .open, engine: TestEngine = .sqlite) async throws -> TestIssuer {
        try await TestIssuer(database: TestDatabase(engine), mailbox: mailbox, signUp: signUp)
    }

    private func signsIn(_ issuer: TestIssuer, _ username: String, _ password: String) async throws -> Bool {
        let response = try await Browser(issuer).authorize(Browser.webRequest(), as: username, password: password)
        return response.headers[.location] != nil
    }

    private func ask(_ issuer: TestIssuer, _ path: String, _ fields: [(String, String)]) async throws -> Response {
        let browser = Browser(issuer)
        return try await browser.submit(browser.get(path).page(), fields)
    }

    private func lastLetter(_ issuer: TestIssuer) async throws -> Letter {
        try await issuer.deliver()
        return try #require(mailbox.all.last)
    }

    @Test(
        "a user signs up with an email address, opens the link, sets a password and can sign in",
        arguments: TestEngine.allCases)
    func signUp(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine: engine)
        let asked = try await ask(issuer, "/sign-up", [("email", "Dora@example.org")])
        #expect(try asked.page().text("title") == "text.sign_up_asked_title")
        let letter = try await lastLetter(issuer)
        #expect(letter.kind == "sign_up")
        #expect(letter.recipient.text == "Dora@example.org")
        #expect(letter.text("link").hasPrefix("https://id.example.com/sign-up/finish?link="))
        let browser = Browser(issuer)
        let page = try await browser.open(letter, at: issuer).page()
        let refused = try await browser.submit(page, [("name", "Dora"), ("password", "password")]).page()
        #expect(refused.hasError("common"))
        let made = try await browser.submit(refused, [("name", "Dora"), ("password", "a dormouse in a teapot")])
        #expect(try made.page().text("title") == "text.account_made_title")
        let user = try #require(try await issuer.stores.users.find(named: "dora@example.org"))
        #expect(user.isEmailVerified)
        #expect(user.displayName == "Dora")
        #expect(try await signsIn(issuer, "dora@example.org", "a dormouse in a teapot"))
    }

    @Test("signing up with a registered address shows the same page, and only its owner is notified")
    func taken() async throws {
        let issuer = try await issuer()
        let new = try await ask(issuer, "/sign-up", [("email", "new@example.org")])
        let taken = try await ask(issuer, "/sign-up", [("email", "alice@example.com")])
        #expect(new.status == taken.status)
        #expect(try new.page().data.keys.sorted() == taken.page().data.keys.sorted())
        #expect(try new.page().text("title") == taken.page().text("title"))
        try await issuer.deliver()
        #expect(mailbox.kinds.sorted() == ["address_taken", "sign_up"])
    }

    @Test(
        "an invalid email address is refused immediately",
        arguments: ["", "a", "a@b@c", "a b@c.d", "a@c.d\r\nBcc: x@y.z"])
    func noAddress(_ text: String) async throws {
        let issuer = try await issuer()
        #expect(try await ask(issuer, "/sign-up", [("email", text)]).page().hasError("email"))
        #expect(try await issuer.stores.mailOutbox.depth(at: issuer.clock.now) == 0)
    }

    @Test(
        "the pages exist only if email is configured, and the sign-up page only if sign-up is open",
        arguments: SignUpPolicy.all)
    func off(_ policy: SignUpPolicy) async throws {
        let silent = try await TestIssuer(signUp: policy)
        for path in ["/sign-up", "/forgot-password", "/reset-password", "/not-me", "/verify-email"] {
            await #expect(throws: Unexpected.self) { try await Browser(silent).get(path) }
        }
        guard policy != .open else { return }
        let issuer = try await issuer(signUp: policy)
        await #expect(throws: Unexpected.self) { try await Browser(issuer).get("/sign-up") }
    }

    @Test("a reset ends every session and all access but doesn't sign in", arguments: TestEngine.allCases)
    func reset(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine: engine)
        let (thief, owner) = (Browser(issuer), Browser(issuer))
        let code = try await thief.code(scope: "openid offline_access")
        let token = try #require(try await issuer.redeem(code).json()["refresh_token"]?.string)
        _ = try await ask(issuer, "/forgot-password", [("username", "alice@example.com")])
        let letter = try await lastLetter(issuer)
        #expect(letter.kind == "password_reset")
        let page = try await owner.open(letter, at: issuer).page()
        let done = try await owner.submit(page, [("password", "through the looking-glass")])
        #expect(try done.page().text("title") == "text.password_set_title")
        #expect(try await issuer.refresh(token).status == .badRequest)
        for browser in [thief, owner] {
            #expect(try await browser.get("/authorize", Browser.webRequest()).page().template == "sign-in")
        }
        #expect(try await !signsIn(issuer, "alice", "correct horse"))
        #expect(try await signsIn(issuer, "alice", "through the looking-glass"))
        try await issuer.deliver()
        #expect(mailbox.kinds == ["password_reset", "password_changed"])
    }

    @Test("a reset doesn't bypass the second factor")
    func secondFactor() async throws {
        let issuer = try await issuer()
        var bob = try #require(try await issuer.stores.users.find(named: "bob"))
        bob.email = "bob@example.com"
        try await issuer.stores.users.save(bob)
        _ = try await ask(issuer, "/forgot-password", [("username", "bob")])
        let browser = Browser(issuer)
        let page = try await browser.open(lastLetter(issuer), at: issuer).page()
        _ = try await browser.submit(page, [("password", "through the looking-glass")])
        let next = try await browser.authorize(Browser.webRequest(), as: "bob", password: "through the looking-glass")
        #expect(try next.page().template == "second-factor")
    }

    @Test("requesting a reset costs one insert and gets the same response for every username")
    func generic() async throws {
        let issuer = try await issuer()
        var answers: Set<String> = []
        for name in ["alice", "alice@example.com", "nobody", "carol", "bob", "x@y.example"] {
            let browser = Browser(issuer)
            let page = try await browser.get("/forgot-password").page()
            let before = issuer.database.database.committedUnits
            let response = try await browser.submit(page, [("username", name)])
            #expect(issuer.database.database.committedUnits - before == 1)
            var sent = try response.page()
            // The resend form repeats what was entered.
            #expect(sent.data["resend"] == .list([["name": "username", "value": .text(name)]]))
            for own in ["resend", "form_token"] { sent.data[own] = nil }
            let data = sent.data.map { "\($0.key) \($0.value)" }.sorted()
            answers.insert("\(response.status) \(data)")
        }
        #expect(answers.count == 1)
        try await issuer.deliver()
        // Only alice has an address and may sign in.
        #expect(mailbox.all.map(\.recipient.text) == ["alice@example.com", "alice@example.com"])
    }

    @Test("a link works once, and viewing its page doesn't use it up")
    func once() async throws {
        let issuer = try await issuer()
        _ = try await ask(issuer, "/forgot-password", [("username", "alice")])
        let letter = try await lastLetter(issuer)
        for _ in 0..<3 { #expect(try await Browser(issuer).open(letter, at: issuer).status == .ok) }
        let pages = try await race(8) { _ in
            let browser = Browser(issuer)
            let page = try await browser.open(letter, at: issuer).page()
            return (browser, page)
        }
        let done = try await race(8) { number in
            try await pages[number].0.submit(pages[number].1, [("password", "looking-glass \(number)")])
        }
        #expect(done.count { $0.status == .ok } == 1)
        #expect(done.count { $0.status == .gone } == 7)
        #expect(try await Browser(issuer).open(letter, at: issuer).status == .gone)
    }

    @Test("a link is void after it expires, after another link was used, and at a page it wasn't issued for")
    func void() async throws {
        let issuer = try await issuer()
        for _ in 0..<3 { _ = try await ask(issuer, "/forgot-password", [("username", "alice")]) }
        try await issuer.deliver()
        let letters = mailbox.all
        let browser = Browser(issuer)
        for path in ["/not-me", "/verify-email", "/sign-up/finish", "/change-email/agree", "/change-email/finish"] {
            #expect(try await browser.request(.get, path, query: letters[0].query).status == .gone)
        }
        for query in ["", "link=", "link=AAAA", letters[0].query + "A", "link=" + String(repeating: "A", count: 9_000)]
        {
            #expect(try await browser.request(.get, "/reset-password", query: query).status == .gone)
        }
        let page = try await browser.open(letters[0], at: issuer).page()
        _ = try await browser.submit(page, [("password", "through the looking-glass")])
        #expect(try await Browser(issuer).open(letters[1], at: issuer).status == .gone)
        issuer.clock.advance(by: 3_601)
        #expect(try await Browser(issuer).open(letters[2], at: issuer).status == .gone)
    }

    @Test("another issuer's link doesn't work")
    func otherIssuer() async throws {
        let database = try await TestDatabase()
        let issuer = try await TestIssuer(database: database, mailbox: mailbox)
        let other = try await TestIssuer("https://other.example.com", database: database, mailbox: TestMailbox())
        _ = try await ask(issuer, "/forgot-password", [("username", "alice")])
        let letter = try await lastLetter(issuer)
        #expect(try await Browser(other).request(.get, "/reset-password", query: letter.query).status == .gone)
    }

    @Test("another site can't submit these forms")
    func forged() async throws {
        let issuer = try await issuer()
        _ = try await ask(issuer, "/forgot-password", [("username", "alice")])
        let letter = try await lastLetter(issuer)
        let link = String(letter.query.dropFirst("link=".count))
        let form = [("link", link), ("password", "through the looking-glass")]
        #expect(try await Browser(issuer).request(.post, "/reset-password", form: form).status == .forbidden)
        #expect(try await issuer.send(.post, "/sign-up", form: [("email", "a@b.example")]).status == .forbidden)
    }

    @Test("\"this wasn't me\" revokes all access, removes the password and asks for a new one")
    func notMe() async throws {
        let issuer = try await issuer()
        let thief = Browser(issuer)
        let token = try #require(
            try await issuer.redeem(thief.code(scope: "openid offline_access")).json()["refresh_token"]?.string)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.provider.mail.add(.unknownDevice(alice.id, device: "Firefox on Linux", address: "203.0.113.9"))
        let letter = try await lastLetter(issuer)
        // Setting a password of their own first doesn't help the thief.
        try await issuer.administration.setPassword("the thief's own", of: alice)
        let owner = Browser(issuer)
        let question = try await owner.open(letter, at: issuer).page()
        #expect(question.text("title") == "text.not_me_title")
        let next = try await owner.submit(question, [])
        #expect(try next.page().template == "reset-password")
        #expect(try await issuer.refresh(token).status == .badRequest)
        for password in ["correct horse", "the thief's own"] {
            #expect(try await !signsIn(issuer, "alice", password))
        }
        let done = try await owner.submit(next.page(), [("password", "through the looking-glass")]).page()
        #expect(done.text("title") == "text.password_set_title", "\(done)")
        // The failed attempts cause a wait.
        issuer.clock.advance(by: 60)
        #expect(try await signsIn(issuer, "alice", "through the looking-glass"))
    }

    @Test("a password reset keeps other factors")
    func factorsAfterReset() async throws {
        let issuer = try await issuer()
        var person = try PasskeyPerson(issuer)
        try await person.enrol()
        _ = try await ask(issuer, "/forgot-password", [("username", "alice")])
        try await issuer.deliver()
        let letter = try #require(mailbox.all.last { $0.kind == "password_reset" })
        let browser = Browser(issuer)
        _ = try await browser.submit(
            browser.open(letter, at: issuer).page(), [("password", "through the looking-glass")])
        _ = try await person.answer(person.signInPage())
        #expect(try await person.isSignedIn())
    }

    @Test("repeated sign-ins with a known password can't flood the mailbox", arguments: [true, false])
    func unusualSignIns(_ isRefused: Bool) async throws {
        let issuer = try await issuer()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        func signIn() async throws {
            try await issuer.provider.mail.add(
                .unusualSignIn(alice.id, device: "Firefox on Linux", address: "203.0.113.9", isRefused: isRefused))
            try await issuer.provider.mail.add(
                .unknownDevice(alice.id, device: "Firefox on Linux", address: "203.0.113.9"))
            try await issuer.deliver()
        }
        for _ in 0..<6 { try await signIn() }
        #expect(mailbox.all.count == 8)
        issuer.clock.advance(by: 3_600)
        try await signIn()
        #expect(mailbox.all.count == 10)
    }

    @Test("the user is notified of new recovery codes and of a password set by an administrator")
    func notices() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        _ = try await browser.authorize(Browser.webRequest(), as: "alice", password: "correct horse")
        let page = try await browser.get("/account/recovery-codes").page()
        #expect(try await browser.submit(page, []).page().template == "recovery-codes")
        let told = try await lastLetter(issuer)
        #expect(told.kind == "factor_added" && told.text("factor") == "text.mail_factor_recovery_code")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.setPassword("through the looking-glass", of: alice)
        #expect(try await lastLetter(issuer).kind == "password_changed")
    }

    @Test("an email address is verified only by its own link")
    func verification() async throws {
        let issuer = try await issuer()
        var bob = try #require(try await issuer.stores.users.find(named: "bob"))
        bob.email = "bob@example.com"
        try await issuer.stores.users.save(bob)
        try await issuer.provider.mail.add(.emailVerification(bob.id))
        let letter = try await lastLetter(issuer)
        let browser = Browser(issuer)
        let page = try await browser.open(letter, at: issuer).page()
        bob.email = "robert@example.com"
        try await issuer.stores.users.save(bob)
        #expect(try await browser.submit(page, []).status == .gone)
        try await issuer.provider.mail.add(.emailVerification(bob.id))
        let second = try await browser.open(lastLetter(issuer), at: issuer).page()
        #expect(try await browser.submit(second, []).page().text("title") == "text.email_verified_title")
        #expect(try await issuer.stores.users.find(bob.id)?.isEmailVerified == true)
    }

    @Test("an address changes after the current and then the new address confirm it", arguments: TestEngine.allCases)
    func changeOfAddress(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine: engine)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let new = try #require(MailAddress("alice@example.org"))
        try await issuer.provider.mail.add(.emailChange(alice.id, to: new))
        let browser = Browser(issuer)
        let first = try await lastLetter(issuer)
        #expect(first.recipient.text == "alice@example.com")
        #expect(try await browser.submit(browser.open(first, at: issuer).page(), []).status == .ok)
        let second = try await lastLetter(issuer)
        #expect(second.recipient == new)
        #expect(try await issuer.stores.users.find(alice.id)?.email == "alice@example.com")
        #expect(try await browser.submit(browser.open(second, at: issuer).page(), []).status == .ok)
        #expect(try await issuer.stores.users.find(named: "alice@example.org")?.id == alice.id)
        #expect(try await issuer.stores.users.find(named: "alice@example.com") == nil)
        let third = try await lastLetter(issuer)
        #expect(third.kind == "email_changed")
        #expect(third.recipient.text == "alice@example.com")
    }

    @Test("another user's address can't be taken over, and its owner is notified")
    func addressOfAnother() async throws {
        let issuer = try await issuer()
        var bob = try #require(try await issuer.stores.users.find(named: "bob"))
        bob.email = "bob@example.com"
        try await issuer.stores.users.save(bob)
        let wanted = try #require(MailAddress("alice@example.com"))
        try await issuer.provider.mail.add(.emailChange(bob.id, to: wanted))
        let browser = Browser(issuer)
        _ = try await browser.submit(browser.open(lastLetter(issuer), at: issuer).page(), [])
        let told = try await lastLetter(issuer)
        #expect(told.kind == "address_taken")
        #expect(told.recipient == wanted)
        #expect(try await issuer.stores.users.find(bob.id)?.email == "bob@example.com")
    }
}

extension SignUpPolicy {
    fileprivate static let all: [SignUpPolicy] = [.off, .open, .invitation]
}
