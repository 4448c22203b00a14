import Foundation
import TestSupport
import Testing

@Suite("The account page in a browser", .serialized, .timeLimit(.minutes(5)))
struct AccountInBrowserTests {
    private func signIn(_ browser: Chromium, as username: String, _ password: String) async throws {
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type(username, into: "#username")
        try await browser.type(password, into: "#password")
        try await browser.click("button[type=submit]")
    }

    private static let isAccount = "location.pathname === '/account' && document.querySelector('.rows') !== null"

    @Test("the issuer's URL, a bare sign-in page, an error page and the demo all lead to the account page")
    func account() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        let browser = try await Chromium()
        try await browser.open("\(server.issuer)/")
        try await signIn(browser, as: "alice", "down-the-rabbit-hole")
        try await browser.wait(for: Self.isAccount)
        try await browser.click("button[name=here]")
        try await browser.wait(for: "document.querySelector('a.button.primary') !== null")
        #expect(try await browser.evaluate("document.querySelectorAll('.primary').length") == "1")
        try await browser.click("a.button.primary")
        try await browser.wait(for: "document.querySelector('#password') !== null")

        try await browser.open("\(server.issuer)/sign-in")
        try await signIn(browser, as: "alice", "down-the-rabbit-hole")
        try await browser.wait(for: Self.isAccount)

        try await browser.open("\(server.issuer)/nothing-here")
        try await browser.wait(for: "document.querySelector('.details') !== null")
        try await browser.click("a.button.primary")
        try await browser.wait(for: Self.isAccount)

        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "!document.querySelector('#account').hidden")
        try await browser.click("#account")
        try await browser.wait(for: Self.isAccount)
        try await browser.quit()
        try await server.stop()
    }

    @Test("a user without an address adds one, with an email that was sent again")
    func address() async throws {
        let (folder, mail) = (try Folder(), try SMTPServer())
        let file = folder.url.appending(path: "carol.yaml")
        try Data("users:\n  - username: carol\n    password: a-caucus-race\n".utf8).write(to: file)
        let server = try await RunningServer(
            [
                "--apply", file.path(), "--mail-smtp", "smtp://127.0.0.1:\(mail.port)", "--mail-from",
                "no-reply@example.com",
            ], in: folder.url)
        let browser = try await Chromium()
        try await browser.open("\(server.issuer)/")
        try await signIn(browser, as: "carol", "a-caucus-race")
        try await browser.wait(for: Self.isAccount)
        try await browser.click("a[href$='/account/email']")
        try await browser.wait(for: "document.querySelector('#new-email') !== null")
        try await browser.type("carol@example.org", into: "#new-email")
        try await browser.click("button.primary")
        try await browser.wait(for: "document.querySelector('input[name=again]') !== null")
        #expect(try await browser.evaluate("document.querySelectorAll('.primary').length") == "1")
        try await browser.click("button.primary")
        try await browser.wait(for: "document.querySelector('[role=status]') !== null")
        try await browser.open(try #require(mail.mail(to: "carol@example.org", count: 2).link))
        try await browser.wait(for: "document.querySelector('input[name=link]') !== null")
        try await browser.click("button.primary")
        try await browser.wait(for: "document.querySelector('a.button.primary') !== null")
        try await browser.click("a.button.primary")
        try await browser.wait(for: Self.isAccount)
        #expect(try await browser.evaluate("document.body.innerText.includes('carol@example.org')") == "true")
        try await browser.quit()
        try await server.stop()
    }
}
