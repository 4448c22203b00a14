import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Resending an email")
struct SendAgainTests {
    private let mailbox = TestMailbox()

    @Test("the button sends the same email again, for what was entered")
    func again() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox, signUp: .open)
        for (path, field, value) in [
            ("/forgot-password", "username", "alice"), ("/sign-up", "email", "dora@example.org"),
        ] {
            let browser = Browser(issuer)
            let page = try await browser.get(path).page()
            let sent = try await browser.submit(page, [(field, value)]).page()
            #expect(sent.data["resend"] == .list([["name": .text(field), "value": .text(value)]]))
            #expect(sent.data["is_sent_again"] == false)
            let again = try await browser.submit(sent, [(field, value), ("again", "yes")]).page()
            #expect(again.text("title") == sent.text("title"))
            #expect(again.data["is_sent_again"] == true)
        }
        try await issuer.deliver()
        #expect(mailbox.kinds.sorted() == ["password_reset", "password_reset", "sign_up", "sign_up"])
    }

    @Test("resending is limited, and the response stays the same beyond the limit", arguments: ["alice", "nobody"])
    func limit(_ name: String) async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let browser = Browser(issuer)
        var page = try await browser.get("/forgot-password").page()
        var answers: [[String: Page.Value]] = []
        for _ in 0..<MailRequests.perRecipient + 2 {
            page = try await browser.submit(page, [("username", name), ("again", "yes")]).page()
            answers.append(page.data)
        }
        #expect(answers.allSatisfy { $0 == answers[0] })
        try await issuer.deliver()
        #expect(mailbox.all.count == (name == "alice" ? MailAllowance.perHour : 0))
    }

    @Test("another site can't resend an email")
    func forgedAgain() async throws {
        let issuer = try await TestIssuer(mailbox: mailbox)
        let browser = Browser(issuer)
        _ = try await browser.submit(browser.get("/forgot-password").page(), [("username", "nobody")])
        let forged = try await browser.request(
            .post, "/forgot-password", form: [("username", "alice"), ("again", "yes")])
        #expect(forged.status == .forbidden)
        try await issuer.deliver()
        #expect(mailbox.all.isEmpty)
    }
}
