import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("OAuth 2.0 Multiple Response Type Encoding Practices §2.1; Form Post Response Mode §2")
struct ResponseModeTests {
    private func fields(_ page: Page) -> [String: String] {
        guard case .list(let fields)? = page.data["fields"] else { return [:] }
        var values: [String: String] = [:]
        for case .object(let field) in fields {
            if case .text(let name)? = field["name"], case .text(let value)? = field["value"] { values[name] = value }
        }
        return values
    }

    @Test("a code arrives in an uncached form that posts to the redirect URI, and can be redeemed")
    func code() async throws {
        let issuer = try await TestIssuer()
        let response = try await Browser(issuer).authorize(
            Browser.webRequest([("response_mode", "form_post")]))
        #expect(response.status == .ok)
        #expect(response.headers[.cacheControl] == "no-store")
        let page = try response.page()
        #expect(page.template == "form-post")
        #expect(page.submitsItself)
        #expect(page.text("action") == "https://shop.example/callback")
        #expect(page.formTargets == ["https://shop.example"])
        let fields = fields(page)
        #expect(Set(fields.keys) == ["code", "state", "iss"])
        #expect(fields["state"] == "the-state")
        #expect(fields["iss"] == "https://id.example.com")
        #expect(try await issuer.redeem(fields["code"] ?? "").status == .ok)
    }

    @Test("an error is returned the same way, and the redirect URI keeps its query")
    func error() async throws {
        let issuer = try await TestIssuer()
        var request = Browser.webRequest([("response_mode", "form_post"), ("prompt", "none")])
        request.removeAll { $0.0 == "redirect_uri" }
        request.append(("redirect_uri", "https://shop.example/cb?x=1"))
        let page = try await Browser(issuer).get("/authorize", request).page()
        #expect(page.text("action") == "https://shop.example/cb?x=1")
        #expect(fields(page)["error"] == "login_required")
        #expect(fields(page)["state"] == "the-state")
        #expect(fields(page)["code"] == nil)
    }

    @Test(
        "OAuth-Multiple-Response-Types-001: response_mode query decides where the response is put",
        arguments: [false, true])
    func place(isError: Bool) async throws {
        let issuer = try await TestIssuer()
        let more = [("response_mode", "query")] + (isError ? [("prompt", "none")] : [])
        let response = try await Browser(issuer).authorize(Browser.webRequest(more))
        let location = try #require(response.headers[.location])
        let prefix = "https://shop.example/callback?"
        #expect(location.hasPrefix(prefix))
        let answer = try Parameters(parsing: location.dropFirst(prefix.count), limits: Limits())
        #expect((answer["code"] == nil) == isError && (answer["error"] != nil) == isError)
        #expect(answer["state"] == "the-state" && answer["iss"] == "https://id.example.com")
    }

    @Test(
        "an unsupported response mode is refused in the query",
        arguments: ["fragment", "web_message", "query.JWT", "FORM_POST"])
    func unknown(_ mode: String) async throws {
        let issuer = try await TestIssuer()
        let answer = try await Browser(issuer).get(
            "/authorize", Browser.webRequest([("response_mode", mode)])
        ).answer()
        #expect(answer["error"] == "invalid_request")
    }
}
