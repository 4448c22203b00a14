import Foundation
import TestSupport
import Testing

@Suite("OAuth 2.0 Form Post Response Mode in a real browser", .serialized)
struct FormPostTests {
    @Test("the page submits itself, and its policy allows the script and the form")
    func submitsItself() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        let browser = try await Chromium()
        let proof = Proof()
        let query = [
            ("response_type", "code"), ("client_id", "demo-spa"), ("redirect_uri", "http://localhost:\(demoPort)/"),
            ("scope", "openid"), ("prompt", "none"), ("response_mode", "form_post"), ("state", "\"'<&>"),
            ("code_challenge", proof.challenge), ("code_challenge_method", "S256"),
        ].map { "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")" }
        try await browser.open("\(server.issuer)/authorize?\(query.joined(separator: "&"))")
        try await browser.wait(for: "location.origin === 'http://localhost:\(demoPort)'")
        #expect(try await browser.evaluate("location.search") == "")
        try await browser.quit()
        try await server.stop()
    }
}
