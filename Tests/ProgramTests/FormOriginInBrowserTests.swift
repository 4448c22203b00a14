import Foundation
import TestSupport
import Testing

@Suite("Forms of a sibling origin in a real browser (Fetch Metadata)", .serialized, .timeLimit(.minutes(5)))
struct FormOriginInBrowserTests {
    @Test("a sibling origin's form is refused even with a valid token, and the page's own form is accepted")
    func sibling() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        try await until("the greeting is printed") { server.program.output.contains("down-the-rabbit-hole") }
        let page = "\(server.issuer)/account/recovery-codes"
        let browser = try await Chromium()
        try await browser.open(page)
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "location.pathname === '/account/recovery-codes'")
        let token = try await browser.evaluate("document.querySelector('[name=form_token]').value")
        #expect(token.count == 43)

        // Another port of the same host is another origin of the same site, so cookies are sent.
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.querySelector('#sign-in') !== null")
        _ = try await browser.evaluate(
            """
            (() => {
              const form = document.createElement('form')
              form.method = 'post'
              form.action = '\(page)'
              form.innerHTML = '<input name="form_token" value="\(token)">'
              document.body.append(form)
              form.submit()
            })()
            """)
        try await browser.wait(for: "location.href === '\(page)' && document.body.innerText.includes('access_denied')")
        #expect(try await browser.evaluate("document.body.innerText.includes('from another website')") == "true")

        try await browser.open(page)
        #expect(try await browser.evaluate("document.querySelector('[name=form_token]').value") == token)
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelectorAll('.codes li, code').length >= 10")
        try await browser.quit()
        try await server.stop()
    }
}
