import JOSE
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("OpenID Connect RP-Initiated Logout §2, §3")
struct SignOutTests {
    private func signedIn(_ issuer: TestIssuer) async throws -> (Browser, hint: String) {
        let browser = Browser(issuer)
        let tokens = try await issuer.redeem(browser.code()).json()
        return (browser, try #require(tokens["id_token"]?.string))
    }

    private func isSignedIn(_ browser: Browser) async throws -> Bool {
        try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["code"] != nil
    }

    @Test("a hint for the current session signs the user out and redirects with the state")
    func hint() async throws {
        let issuer = try await TestIssuer()
        let (browser, hint) = try await signedIn(issuer)
        let response = try await browser.get(
            "/logout",
            [("id_token_hint", hint), ("post_logout_redirect_uri", "https://shop.example/"), ("state", "a b&c")])
        #expect(response.headers[.location] == "https://shop.example/?state=a%20b%26c")
        #expect(try await !isSignedIn(browser))
    }

    @Test("an expired hint is accepted")
    func expiredHint() async throws {
        let issuer = try await TestIssuer()
        let (browser, hint) = try await signedIn(issuer)
        issuer.clock.advance(by: 3 * 3_600)
        let response = try await browser.get(
            "/logout", [("id_token_hint", hint), ("post_logout_redirect_uri", "https://shop.example/")])
        #expect(response.headers[.location] == "https://shop.example/")
    }

    @Test("without a hint for the current session the user must confirm, and staying changes nothing")
    func confirmation() async throws {
        let issuer = try await TestIssuer()
        let (browser, _) = try await signedIn(issuer)
        let (_, otherHint) = try await signedIn(issuer)
        for parameters in [[], [("id_token_hint", otherHint)], [("client_id", "web")]] {
            let page = try await browser.get("/logout", parameters).page()
            #expect(page.template == "confirm-sign-out")
            let stayed = try await browser.submit(page, [("decision", "stay")]).page()
            #expect(stayed.template == "still-signed-in")
            #expect(try await isSignedIn(browser))
        }
        let page = try await browser.get("/logout").page()
        #expect(try await browser.submit(page, [("decision", "sign-out")]).page().template == "signed-out")
        #expect(try await !isSignedIn(browser))
    }

    @Test("another site can't confirm the sign-out")
    func forgery() async throws {
        let issuer = try await TestIssuer()
        let (browser, _) = try await signedIn(issuer)
        let page = try await browser.get("/logout").page()
        let form = [("request", page.text("request")), ("decision", "sign-out")]
        #expect(try await browser.request(.post, "/logout/confirm", form: form).status == .forbidden)
        #expect(try await isSignedIn(browser))
    }

    @Test(
        "an unregistered post-logout redirect is refused, and the user stays signed in",
        arguments: [
            "https://shop.example/?x=1", "https://shop.example", "https://evil.example/",
            "https://shop.example/callback",
        ])
    func unregistered(_ uri: String) async throws {
        let issuer = try await TestIssuer()
        let (browser, hint) = try await signedIn(issuer)
        let response = try await browser.get(
            "/logout", [("id_token_hint", hint), ("post_logout_redirect_uri", uri)])
        #expect(response.status == .badRequest)
        #expect(try await isSignedIn(browser))
    }

    @Test("a forged hint, or one of another client than client_id, is refused")
    func badHint() async throws {
        let issuer = try await TestIssuer()
        let (browser, hint) = try await signedIn(issuer)
        for parameters in [
            [("id_token_hint", String(hint.dropLast(4)) + "AAAA")], [("id_token_hint", hint + "x")],
            [("id_token_hint", "x")], [("id_token_hint", hint), ("client_id", "own")],
        ] {
            let response = try await browser.get("/logout", parameters)
            #expect(response.status == .badRequest)
            #expect(try await isSignedIn(browser))
        }
        let noClient = try await browser.get("/logout", [("post_logout_redirect_uri", "https://shop.example/")])
        #expect(noClient.status == .badRequest)
    }

    @Test("OIDC-RP-Initiated-Logout-006: unknown languages in ui_locales are not an error")
    func languages() async throws {
        let issuer = try await TestIssuer()
        let (browser, _) = try await signedIn(issuer)
        let page = try await browser.get("/logout", [("ui_locales", "tlh xx-Nope de")]).page()
        #expect(page.template == "confirm-sign-out")
        #expect(page.languages == ["tlh", "xx-Nope", "de"])
    }

    @Test("a cross-site POST is treated like the GET")
    func post() async throws {
        let issuer = try await TestIssuer()
        let (browser, hint) = try await signedIn(issuer)
        let form = [("id_token_hint", hint), ("post_logout_redirect_uri", "https://shop.example/")]
        let posted = try await browser.request(.post, "/logout", form: form, crossSite: true)
        let response = try await browser.follow(posted)
        #expect(response.headers[.location] == "https://shop.example/")
        #expect(try await !isSignedIn(browser))
    }
}
