import Authenticators
import Foundation
import TestSupport
import Testing

@Suite("Authenticator apps in a real browser (RFC 6238)", .serialized, .timeLimit(.minutes(5)))
struct TOTPInBrowserTests {
    @Test("an app is set up from the QR code, and its code is required at the next sign-in")
    func enrolment() async throws {
        let folder = try Folder()
        let server = try await RunningServer(["--demo", "--demo-port", String(try freePort())], in: folder.url)
        try await until("the greeting is printed") { server.program.output.contains("down-the-rabbit-hole") }
        let browser = try await Chromium()
        try await browser.open("\(server.issuer)/account/authenticator-apps")
        try await signIn(browser)
        try await browser.wait(for: "document.querySelector('img.qr')?.naturalWidth > 0")
        // The QR code contains the same secret as the text beside it.
        let address = try QRReader.read(await browser.picture(of: "img.qr"))
        #expect(try await browser.evaluate("document.querySelector('.others a').href") == address)
        let secret = try #require(
            URLComponents(string: address)?.queryItems?.first { $0.name == "secret" }?.value.flatMap(Base32.decode))
        let app = try TOTP(secret: secret)
        try await browser.type(try app.code(at: .now), into: "#code")
        try await browser.type("Phone", into: "#name")
        try await browser.click("button.primary")
        // The first app comes with recovery codes.
        try await browser.wait(for: "location.pathname === '/account/recovery-codes'")
        try await browser.open("\(server.issuer)/account")
        try await browser.wait(for: "document.body.innerText.includes('Phone')")

        try await browser.forgetCookies()
        try await browser.open("\(server.issuer)/account")
        try await signIn(browser)
        try await browser.wait(for: "location.pathname === '/second-factor'")
        // The current code was used, so only one of a later time step is accepted.
        try await browser.type(try app.code(at: .now + 30), into: "#code")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "location.pathname === '/account'")
        try await browser.quit()
        try await server.stop()
    }

    private func signIn(_ browser: Chromium) async throws {
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("down-the-rabbit-hole", into: "#password")
        try await browser.click("button[type=submit]")
    }
}
