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

    private func requested(
        _ scope: String, _ more: [(String, String)] = [], as name: String = "requested",
        resources: String = ResourceConsentTests.resources
    ) async throws -> [Page.Value] {
        let issuer = try await TestIssuer(resources: resources)
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest(scope: scope, more)).page()
        let page = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        guard case .list(let requested)? = page.data[name] else {
            throw Unexpected("no list named \(name)")
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

    @Test("scopes are grouped by resource server, after the issuer's own")
    func grouped() async throws {
        let see: Page.Value = ["scope": "read", "is_other": true, "description": "see your orders"]
        #expect(
            try await requested("read openid orders", as: "requested_access") == [
                ["scopes": .list([["scope": "openid", "is_openid": true]])],
                [
                    "resource_server": "Orders", "resource_description": "What you bought",
                    "scopes": .list([see, ["scope": "orders", "is_other": true, "description": "place orders"]]),
                ],
                [
                    "resource_server": "reports.example",
                    "scopes": .list([["scope": "read", "is_other": true]]),
                ],
            ])
    }

    @Test("names and descriptions keep their translations")
    func translated() async throws {
        let resources = Self.resources
            .replacing(#""name": "Orders""#, with: #""name": {"en": "Orders", "de": "Bestellungen"}"#)
            .replacing(#""place orders""#, with: #"{"fr": "commander", "de": "bestellen"}"#)
        #expect(
            try await requested("orders", as: "requested_access", resources: resources) == [
                [
                    "resource_server": .translated(["en": "Orders", "de": "Bestellungen"], otherwise: "Orders"),
                    "resource_description": "What you bought",
                    "scopes": .list([
                        [
                            "scope": "orders", "is_other": true,
                            "description": .translated(
                                ["fr": "commander", "de": "bestellen"], otherwise: "commander"),
                        ]
                    ]),
                ]
            ])
    }

    @Test("the account page describes scopes in the same way")
    func account() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        _ = try await browser.authorize(Browser.webRequest(scope: "openid orders"))
        let page = try await browser.get("/account").page()
        guard case .list(let applications)? = page.data["applications"], case .object(let web)? = applications.first
        else { throw Unexpected("no applications") }
        #expect(
            web["scopes"]
                == .list([
                    ["scope": "openid", "is_openid": true],
                    [
                        "scope": "orders", "is_other": true, "description": "place orders", "server": "Orders",
                        "server_description": "What you bought",
                    ],
                ]))
    }
}
