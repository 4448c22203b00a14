import FoundationEssentials
import IdentityProvider
import TestSupport
import Testing

@Suite("RFC 8252 §8.6: clients that can be impersonated ask for consent every time")
struct NativeAppConsentTests {
    private static let resources = """
        {"users": [{"username": "alice", "password": "correct horse"}],
         "clients": [
            {"client_id": "app", "token_endpoint_auth_method": "none", "redirect_uris": [\(uris)]},
            {"client_id": "trusted", "token_endpoint_auth_method": "none", "redirect_uris": [\(uris)], "consent": "skip"},
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "redirect_uris": [\(uris)]}]}
        """
    private static let uris = (onDevice + ["https://app.example/callback"]).map { "\"\($0)\"" }.joined(separator: ", ")
    private static let onDevice = [
        "http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:8000/callback",
        "https://localhost:8000/callback", "https://127.0.0.1:8000/callback", "https://[::1]:8000/callback",
        "https://app.localhost/callback", "https://localhost./callback", "https://App.LOCALHOST.:8000/callback",
        "https://127.0.0.1./callback",
        "com.example.app:/callback",
    ]

    private func request(_ client: String, _ uri: String, prompt: String? = nil) -> [(String, String)] {
        [("response_type", "code"), ("client_id", client), ("redirect_uri", uri), ("scope", "openid")]
            + Proof().parameters + (prompt.map { [("prompt", $0)] } ?? [])
    }

    @Test("a public client with a redirect to the device never gets a code silently", arguments: onDevice)
    func asked(_ uri: String) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        #expect(try await browser.authorize(request("app", uri)).answer()["code"] != nil)
        let silent = try await browser.get("/authorize", request("app", uri, prompt: "none"))
        #expect(try silent.answer()["error"] == "consent_required")
        let page = try await browser.get("/authorize", request("app", uri)).page()
        #expect(page.template == "consent")
        // Everything is requested again rather than shown as granted.
        guard case .list(let requested)? = page.data["requested"] else {
            throw Unexpected("no list of requested scopes")
        }
        #expect(requested.count == 1)
        #expect(try await browser.submit(page, [("decision", "allow")]).answer()["code"] != nil)
    }

    @Test("consent given for an https redirect doesn't count for a redirect to the device")
    func mixed() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        let https = "https://app.example/callback"
        _ = try await browser.authorize(request("app", https))
        #expect(try await browser.get("/authorize", request("app", https, prompt: "none")).answer()["code"] != nil)
        let silent = try await browser.get("/authorize", request("app", Self.onDevice[0], prompt: "none"))
        #expect(try silent.answer()["error"] == "consent_required")
    }

    @Test("consent stored by an earlier version doesn't count")
    func stored() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        _ = try await browser.authorize(request("web", "https://app.example/callback"))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.stores.consents.save(
            Consent(
                user: alice.id, client: Identifier(rawValue: "app"), scope: ["openid"], grantedAt: issuer.clock.now))
        let silent = try await browser.get("/authorize", request("app", Self.onDevice[0], prompt: "none"))
        #expect(try silent.answer()["error"] == "consent_required")
    }

    @Test("a client that the operator trusts, or that authenticates, reuses consent", arguments: ["trusted", "web"])
    func silent(_ client: String) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        _ = try await browser.authorize(request(client, Self.onDevice[0]))
        let silent = try await browser.get("/authorize", request(client, Self.onDevice[0], prompt: "none"))
        #expect(try silent.answer()["code"] != nil)
    }

    @Test("the consent is stored anyway, for the account page")
    func account() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        _ = try await Browser(issuer).authorize(request("app", Self.onDevice[0]))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.stores.consents.consents(of: alice.id).map(\.client.rawValue) == ["app"])
    }
}
