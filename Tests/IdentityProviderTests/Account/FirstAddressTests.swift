import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Adding a first email address")
struct FirstAddressTests {
    private let mailbox = TestMailbox()

    private func accountWithoutAddress() async throws -> (TestIssuer, Browser, Page) {
        let issuer = try await TestIssuer(mailbox: mailbox)
        try await issuer.apply(#"{"users": [{"username": "eve", "password": "correct horse"}]}"#)
        let browser = Browser(issuer)
        let signIn = try await browser.get("/account").page()
        let account = try await browser.submit(signIn, [("username", "eve"), ("password", "correct horse")]).page()
        #expect(account.data["email"] == nil)
        #expect(account.data["can_change_email"] == true)
        return (issuer, browser, account)
    }

    @Test("an account without an address gets one when its link is confirmed")
    func firstAddress() async throws {
        let (issuer, browser, _) = try await accountWithoutAddress()
        let page = try await browser.get("/account/email").page()
        #expect(page.template == "email-address" && page.data["email"] == nil)
        let sent = try await browser.submit(page, [("email", "eve@example.org")]).page()
        #expect(sent.text("email") == "eve@example.org")
        #expect(try await issuer.stores.users.find(named: "eve")?.email == nil)
        try await issuer.deliver()
        #expect(mailbox.kinds == ["new_email"])
        let elsewhere = Browser(issuer)
        let question = try await elsewhere.open(#require(mailbox.all.last), at: issuer).page()
        #expect(question.text("username") == "eve")
        _ = try await elsewhere.submit(question, [])
        let eve = try #require(try await issuer.stores.users.find(named: "eve@example.org"))
        #expect(eve.username == "eve" && eve.isEmailVerified)
        #expect(try await issuer.recorded().map(\.event).contains("email_changed"))
        #expect(try await browser.get("/account").page().text("email") == "eve@example.org")
    }

    @Test("adding an address requires a recent sign-in")
    func staleSession() async throws {
        let (issuer, browser, _) = try await accountWithoutAddress()
        let page = try await browser.get("/account/email").page()
        issuer.clock.advance(by: 601)
        #expect(try await browser.get("/account/email").page().template == "sign-in")
        #expect(try await browser.submit(page, [("email", "thief@example.org")]).page().template == "sign-in")
        try await issuer.deliver()
        #expect(mailbox.all.isEmpty)
    }

    @Test("an address of another account is not added, and the response doesn't reveal it")
    func takenAddress() async throws {
        let (issuer, browser, _) = try await accountWithoutAddress()
        let page = try await browser.get("/account/email").page()
        let free = try await browser.submit(page, [("email", "eve@example.org")]).page()
        let taken = try await browser.submit(page, [("email", "alice@example.com")]).page()
        #expect(free.text("title") == taken.text("title"))
        #expect(free.data.keys.sorted() == taken.data.keys.sorted())
        try await issuer.deliver()
        #expect(Set(mailbox.kinds) == ["new_email", "address_taken"])
        #expect(try await issuer.stores.users.find(named: "eve")?.email == nil)
    }

    @Test("without a mail server, adding an address is not offered")
    func noMail() async throws {
        let browser = Browser(try await TestIssuer())
        let account = try await browser.submit(
            browser.get("/account").page(), [("username", "alice"), ("password", "correct horse")]
        ).page()
        #expect(account.data["can_change_email"] == false)
        await #expect(throws: Unexpected.self) { try await browser.get("/account/email") }
    }
}
