import Foundation
import TestSupport
import Testing

@Suite("The demo in a real browser", .serialized)
struct DemoTests {
    @Test(
        "a user signs in with PKCE, sees the claims, calls userinfo, refreshes and signs out; data survives a restart")
    func demo() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let arguments = ["--demo", "--demo-port", String(demoPort)]
        let server = try await RunningServer(arguments, in: folder.url)
        try await until("the greeting is printed") { server.program.output.contains("down-the-rabbit-hole") }
        #expect(server.program.output.contains("http://localhost:\(demoPort)"))
        let browser = try await Chromium()
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
        try await browser.click("#sign-in")

        try await browser.wait(for: "document.querySelector('#password') !== null")
        let own = "[...document.scripts].every((script) => script.src || script.text.includes('data-reveal'))"
        #expect(try await browser.evaluate(own) == "true")
        #expect(try await browser.evaluate("document.activeElement.id") == "username")
        try await browser.type("alice", into: "#username")
        try await browser.type("wrong password", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('[role=alert]') !== null")
        // The alert comes first, so the browser may not have read the field yet.
        try await browser.wait(for: "document.querySelector('#password')?.ariaInvalid === 'true'")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")

        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        #expect(try await browser.evaluate("document.body.innerText.includes('Alice Liddell')") == "true")
        // The style is applied, so the policy allows it.
        #expect(
            try await browser.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px")
        try await browser.click("button[value=allow]")

        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
        let claims = try await browser.evaluate("document.querySelector('#id-token-claims').innerText")
        #expect(claims.contains(server.issuer))
        #expect(claims.contains("demo-spa"))
        try await browser.click("#userinfo")
        try await browser.wait(
            for: "document.querySelector('#userinfo-result').innerText.includes('alice@example.com')")
        try await browser.click("#refresh")
        try await browser.wait(for: "document.querySelector('#status').innerText.startsWith('Refreshed')")
        try await browser.click("#sign-out")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
        #expect(try await browser.evaluate("document.querySelector('#status').innerText") == "You are signed out.")

        // A restart keeps all data. The demo is a public client on a loopback address, so it asks for consent again.
        try await server.stop()
        let again = try await RunningServer(arguments, in: folder.url, port: server.port)
        try await browser.click("#sign-in")
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
        try await browser.quit()
        try await again.stop()
    }

    @Test("the television shows a code and a QR code, and greets the user who approves")
    func television() async throws {
        let (folder, demoPort) = (try Folder(), try freePort())
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        let television = "http://localhost:\(demoPort)/tv"
        try await until("the greeting is printed") { server.program.output.contains(television) }
        let browser = try await Chromium()
        try await browser.open(television)
        try await browser.wait(for: "document.querySelector('#user-code') !== null")
        #expect(try await browser.evaluate("document.scripts.length") == "0")
        let code = try await browser.evaluate("document.querySelector('#user-code').innerText")
        let link = try await browser.evaluate("document.querySelector('a').href")
        #expect(link == "\(server.issuer)/device?user_code=\(code)")
        try await browser.wait(for: "document.querySelector('img').naturalWidth > 0")
        if let album = ProcessInfo.processInfo.environment["MARTLET_SCREENSHOTS"] {
            try await browser.picture(of: "body").write(to: URL(filePath: album).appending(path: "television.png"))
        }
        #expect(try await QRReader.read(browser.picture(of: "img")) == link)

        try await browser.open(link)
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('#user-code') !== null")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.querySelector('.onward') !== null")
        try await browser.open(television)
        // The page reloads itself until the next poll.
        try await browser.wait(for: "document.querySelector('#welcome')?.innerText === 'Welcome, Alice Liddell.'")
        try await browser.click(".button")
        try await browser.wait(for: "document.querySelector('#user-code') !== null")
        #expect(try await browser.evaluate("document.querySelector('#user-code').innerText") != code)
        try await browser.quit()
        try await server.stop()
    }
}
