import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The consent page (OpenID Connect Core §3.1.2.4)")
struct ConsentPageTests {
    @Test(
        "MCP-020: it names the host that the response is sent to",
        arguments: [
            ("spa", "https://spa.example/", "spa.example"),
            ("native", "http://127.0.0.1:51004/callback", "127.0.0.1:51004"),
            ("native", "com.example.app:/callback", "com.example.app:"),
        ])
    func host(_ client: String, _ uri: String, _ shown: String) async throws {
        let browser = Browser(try await TestIssuer())
        let request = [
            ("response_type", "code"), ("client_id", client), ("redirect_uri", uri), ("scope", "openid"),
        ]
        let signIn = try await browser.get("/authorize", request + Proof().parameters).page()
        let page = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(page.template == "consent")
        #expect(page.text("redirect_host") == shown)
    }

    @Test("MCP-023: what was granted before is kept when a client asks for more")
    func more() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code(scope: "openid profile")
        let page = try await browser.get("/authorize", Browser.webRequest(scope: "openid email")).page()
        #expect(page.template == "consent")
        guard case .list(let requested)? = page.data["requested"], case .list(let granted)? = page.data["granted"]
        else { throw Unexpected("no lists of scopes") }
        #expect(requested.count == 1 && granted.count == 1)
        #expect(try await browser.submit(page, [("decision", "allow")]).answer()["code"] != nil)
        let all = try await browser.get("/authorize", Browser.webRequest(scope: "openid profile email"))
        #expect(try all.answer()["code"] != nil)
    }
}
