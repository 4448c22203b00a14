import Foundation
import TestSupport
import Testing

@Suite("Passkeys in a real browser (WebAuthn L3)", .serialized)
struct PasskeyProgramTests {
    @Test("a passkey is enrolled on the account page, offered by autofill, and used alone and as a second factor")
    func passkeys() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        try await until("the greeting is printed") { server.program.output.contains("down-the-rabbit-hole") }
        let browser = try await Chromium()
        let authenticator = try await browser.addAuthenticator()
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
        try await browser.click("#sign-in")
        try await signInWithPassword(browser)
        try await allow(browser)

        try await browser.open("\(server.issuer)/account/passkeys")
        try await browser.wait(for: "document.querySelector('form[data-passkey]')?.hidden === false")
        try await browser.type("Test phone", into: "#name")
        try await browser.click("form[data-passkey] button")
        // The first one comes with recovery codes.
        try await browser.wait(for: "location.pathname === '/account/recovery-codes'")
        try await browser.open("\(server.issuer)/account/passkeys")
        try await browser.wait(for: "document.querySelector('.rows li > span')?.innerText.includes('Test phone')")

        // The page asks by itself and the authenticator responds, so the user types nothing.
        try await signOut(browser, demoPort)
        try await browser.click("#sign-in")
        try await allow(browser)
        #expect(try await browser.evaluate(Self.claims).contains("mfa"))
        #expect(try await !browser.evaluate(Self.claims).contains("pwd"))

        // An authenticator without a passkey for the user doesn't respond, so the password comes first.
        try await browser.setUserVerified(false, of: authenticator)
        try await signOut(browser, demoPort)
        try await browser.click("#sign-in")
        try await signInWithPassword(browser)
        try await browser.wait(for: "document.querySelector('form[data-passkey=get]')?.hidden === false")
        try await browser.setUserVerified(true, of: authenticator)
        try await browser.click("form[data-passkey] button")
        try await allow(browser)
        #expect(try await browser.evaluate(Self.claims).contains("pwd"))
        try await browser.quit()
        try await server.stop()
    }

    private static let claims = "document.querySelector('#id-token-claims').innerText"

    private func signInWithPassword(_ browser: Chromium) async throws {
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")
    }

    /// The demo is a public client on a loopback address, so it asks for consent each time.
    private func allow(_ browser: Chromium) async throws {
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
    }

    private func signOut(_ browser: Chromium, _ demoPort: Int) async throws {
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
        try await browser.click("#sign-out")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
    }
}
