import FoundationEssentials
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("The consent page names resource servers and describes their scopes")
struct ResourceConsentTests {
    private static let resources = """
        {"users": [{"username": "alice", "password": "correct horse"}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional",
             "redirect_uris": ["https://shop.example/callback"], "scope": "openid orders read"}],
         "resource_servers": [
            {"identifier": "https://orders.example", "name": "Orders", "description": "What you bought",
             "scopes": {"orders": "place orders", "read": "see your orders"}},
            {"identifier": "https://reports.example", "scopes": ["read"]}]}
        """

    private func requested(_ scope: String, _ more: [(String, String)] = []) async throws -> [Page.Value] {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest(scope: scope, more)).page()
        let page = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        guard case .list(let requested)? = page.data["requested"] else {
            throw Unexpected("no list of requested scopes")
        }
        return requested
    }

    @Test("scopes are shown by name and description, or by host and value")
    func described() async throws {
        #expect(
            try await requested("openid orders") == [
                ["scope": "openid", "is_openid": true],
                [
                    "scope": "orders", "is_other": true, "description": "place orders", "server": "Orders",
                    "server_description": "What you bought",
                ],
            ])
    }

    @Test("a scope shared by two servers is shown for both, even if the request names one, since consent covers both")
    func shared() async throws {
        let both: [Page.Value] = [
            [
                "scope": "read", "is_other": true, "description": "see your orders", "server": "Orders",
                "server_description": "What you bought",
            ],
            ["scope": "read", "is_other": true, "server": "reports.example"],
        ]
        #expect(try await requested("read") == both)
        #expect(try await requested("read", [("resource", "https://reports.example")]) == both)
    }
}
