import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Initiating User Registration via OpenID Connect 1.0")
struct PromptCreateTests {
    private let mailbox = TestMailbox()

    private func issuer(_ signUp: SignUpPolicy = .open) async throws -> TestIssuer {
        try await TestIssuer(mailbox: mailbox, signUp: signUp)
    }

    private func request(_ prompt: String = "create") -> [(String, String)] {
        Browser.webRequest(scope: "openid", [("prompt", prompt)])
    }

    /// Finishes the sign-up that `page` starts, and returns the username that the client's code is about.
    private func signUp(_ page: Page, in browser: Browser, _ issuer: TestIssuer) async throws -> String? {
        #expect(page.template == "sign-up")
        _ = try await browser.submit(page, [("email", "dora@example.org")])
        try await issuer.deliver()
        let form = try await browser.open(try #require(mailbox.all.last), at: issuer).page()
        let consent = try await browser.submit(form, [("name", "Dora"), ("password", "a dormouse in a teapot")]).page()
        #expect(consent.template == "consent")
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        #expect(answer["state"] == "the-state")
        let tokens = try await issuer.redeem(answer.required("code")).json()
        let id = try #require(JWTClaims.of(tokens["id_token"]?.string)["sub"]?.string)
        return try await issuer.stores.users.find(Identifier(rawValue: id))?.username
    }

    @Test(
        "OIDC-Prompt-Create-001: prompt=create leads to sign-up, and from there the new user to the client",
        arguments: ["create", "create login", "create select_account", "create consent"], [false, true])
    func create(_ prompt: String, isSignedIn: Bool) async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        if isSignedIn { _ = try await browser.code() }
        issuer.clock.advance(by: 1)
        let page = try await browser.get("/authorize", request(prompt)).page()
        #expect(page.text("client", "name") == "Web shop")
        #expect(try await signUp(page, in: browser, issuer) == "dora@example.org")
    }

    @Test("a user who has an account signs in instead")
    func signIn() async throws {
        let issuer = try await issuer()
        for isRefused in [false, true] {
            let browser = Browser(issuer)
            var page = try await browser.get("/authorize", request()).page()
            if isRefused { page = try await browser.submit(page, [("email", "nonsense")]).page() }
            let signIn = try await browser.follow(.redirect(to: page.text("sign_in_uri"))).page()
            #expect(signIn.template == "sign-in")
            let next = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
            #expect(next.template == "consent")
        }
        // The page by itself leads nowhere else.
        #expect(try await Browser(issuer).get("/sign-up").page().data["sign_in_uri"] == nil)
    }

    @Test("a new user whose client demands a second factor sets one up first")
    func strong() async throws {
        let issuer = try await issuer()
        let web = """
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "minimum_acr": "urn:martlet:acr:2",
             "redirect_uris": ["https://shop.example/callback"], "scope": "openid"}
            """
        try await issuer.apply(#"{"clients": [\#(web)]}"#)
        issuer.clock.advance(by: 60)
        let browser = Browser(issuer)
        _ = try await browser.submit(
            browser.get("/authorize", request()).page(), [("email", "dora@example.org")])
        try await issuer.deliver()
        let form = try await browser.open(try #require(mailbox.all.last), at: issuer).page()
        let next = try await browser.submit(form, [("password", "a dormouse in a teapot")]).page()
        #expect(["enrol", "second-factor"].contains(next.template))
    }

    @Test(
        "OIDC-Prompt-Create-002: where sign-up isn't open to everyone, prompt=create is invalid_request, also pushed",
        arguments: [SignUpPolicy.off, .invitation])
    func closed(_ policy: SignUpPolicy) async throws {
        let issuer = try await issuer(policy)
        let answer = try await Browser(issuer).get("/authorize", request()).answer()
        #expect(answer["error"] == "invalid_request")
        #expect(answer["error_description"]?.contains("prompt create") == true)
        let pushed = try await issuer.token(request(), at: "/par")
        #expect(pushed.status == .badRequest)
        #expect(try pushed.json()["error"] == "invalid_request")
        // A page that sends no mail can't sign anyone up.
        let mute = try await TestIssuer(signUp: .open)
        #expect(try await Browser(mute).get("/authorize", request()).answer()["error"] == "invalid_request")
    }

    @Test("prompt=create shows a page, so none can't be combined with it")
    func silent() async throws {
        let answer = try await Browser(issuer()).get("/authorize", request("none create")).answer()
        #expect(answer["error"] == "invalid_request")
    }

    @Test("OIDC-Prompt-Create-003: the metadata lists create where sign-up is open, and only there")
    func metadata() async throws {
        let path = "/.well-known/openid-configuration"
        let open = try await issuer().send(.get, path).json()
        #expect(open["prompt_values_supported"] == ["none", "login", "consent", "select_account", "create"])
        let closed = try await issuer(.invitation).send(.get, path).json()
        #expect(closed["prompt_values_supported"] == ["none", "login", "consent", "select_account"])
    }
}
