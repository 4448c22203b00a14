import Foundation
import TestSupport
import Testing

@Suite("Sign-up and reset in a real browser", .serialized, .timeLimit(.minutes(5)))
struct SignUpInBrowserTests {
    @Test("a user signs up from the sign-in page, and later signs in with a new password")
    func walk() async throws {
        let (folder, mail) = (try Folder(), try SMTPServer())
        let demoPort = try freePort()
        let server = try await RunningServer(
            [
                "--demo", "--demo-port", String(demoPort), "--mail-smtp", "smtp://127.0.0.1:\(mail.port)",
                "--mail-from", "no-reply@example.com", "--sign-up", "open",
            ], in: folder.url)
        let browser = try await Chromium()
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
        try await browser.click("#sign-in")
        try await browser.wait(for: "document.querySelector('a[href^=\"/sign-up?\"]') !== null")
        try await browser.click("a[href^='/sign-up?']")
        try await browser.wait(for: "document.querySelector('#email') !== null")
        #expect(try await browser.evaluate("document.scripts.length") == "0")
        try await browser.type("dora@example.org", into: "#email")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.body.innerText.includes('Check your email')")
        try await browser.open(try #require(mail.mail(to: "dora@example.org").link))
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("Dora", into: "#name")
        try await browser.type("password", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('[role=alert]') !== null")
        try await browser.type("a dormouse in a teapot", into: "#password")
        try await browser.click("button[type=submit]")
        // Back at the demo, which repeats its request.
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")

        try await browser.open("\(server.issuer)/forgot-password")
        try await browser.wait(for: "document.querySelector('#username') !== null")
        try await browser.type("dora@example.org", into: "#username")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.body.innerText.includes('Check your email')")
        try await browser.open(try #require(mail.mail(to: "dora@example.org", count: 2).link))
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("the treacle well, deep", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.body.innerText.includes('Your password is set')")

        try await browser.click("a.button")
        try await browser.wait(for: "document.querySelector('#username') !== null")
        try await browser.type("dora@example.org", into: "#username")
        try await browser.type("the treacle well, deep", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "location.pathname === '/account' && document.querySelector('.rows') !== null")
        try await browser.quit()
        try await server.stop()
    }
}
