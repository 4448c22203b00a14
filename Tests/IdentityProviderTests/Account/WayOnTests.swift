import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Every page leads on, and only to safe destinations")
struct WayOnTests {
    private let mailbox = TestMailbox()

    private func step(_ response: Response) throws -> (uri: String, label: String, name: String) {
        let page = try response.page()
        return (page.text("next", "uri"), page.text("next", "label"), page.text("next", "name"))
    }

    private func open(_ uri: String, in browser: Browser) async throws -> Response {
        let parts = uri.split(separator: "?", maxSplits: 1).map(String.init)
        return try await browser.follow(
            browser.request(.get, parts[0], query: parts.count > 1 ? parts[1] : nil))
    }

    private static let alice = [("username", "alice"), ("password", "correct horse")]

    @Test(
        "the issuer's URL leads to the account page",
        arguments: [
            ("https://id.example.com", "/", "/account"), ("https://id.example.com/realm", "/", "/realm/account"),
            ("https://id.example.com/realm", "", "/realm/account"),
        ])
    func home(_ identifier: String, _ path: String, _ account: String) async throws {
        let response = try await TestIssuer(identifier).send(.get, path)
        #expect(response.status == .seeOther)
        #expect(response.headers[.location] == account)
    }

    @Test("a sign-in page without a request signs in to the account page", arguments: ["/", "/sign-in"])
    func bare(_ path: String) async throws {
        let browser = Browser(try await TestIssuer())
        let page = try await browser.get(path).page()
        #expect(page.template == "sign-in")
        #expect(try await browser.submit(page, Self.alice).page().template == "account")
        #expect(try await browser.get(path).page().template == "account")
    }

    @Test(
        "every other step without a request shows the sign-in page",
        arguments: ["/second-factor", "/enrol", "/consent", "/continue"])
    func bareStep(_ path: String) async throws {
        #expect(try await Browser(try await TestIssuer()).get(path).page().template == "sign-in")
    }

    @Test("an expired sign-in starts again and completes at the client")
    func expired() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest([("ui_locales", "de")])).page()
        issuer.clock.advance(by: 1_801)
        let late = try await browser.submit(page, Self.alice)
        #expect(late.status == .gone)
        #expect(try late.page().languages == ["de"])
        #expect(try late.page().text("reason") == "text.reason_sign_in_lost")
        let step = try step(late)
        #expect(step.label == "text.next_application" && step.name == "Web shop")
        let again = try await open(step.uri, in: browser).page()
        #expect(again.template == "sign-in")
        #expect(again.text("client", "name") == "Web shop")
        let consent = try await browser.submit(again, Self.alice).page()
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        #expect(answer["state"] == "the-state")
        #expect(try await issuer.redeem(answer.required("code")).status == .ok)
    }

    @Test("a form with a stale token can start the sign-in again")
    func foreignForm() async throws {
        let browser = Browser(try await TestIssuer())
        var page = try await browser.get("/authorize", Browser.webRequest()).page()
        page.data["form_token"] = "stale"
        let refused = try await browser.submit(page, Self.alice)
        #expect(refused.status == .forbidden)
        #expect(try step(refused).uri.hasPrefix("/authorize?interaction="))
    }

    @Test("a stolen sign-in yields only its request, not the factors already verified")
    func stolen() async throws {
        let issuer = try await TestIssuer()
        let (victim, thief) = (Browser(issuer), Browser(issuer))
        let page = try await victim.get("/authorize", Browser.webRequest()).page()
        let next = try await victim.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        #expect(next.template == "second-factor")
        for path in ["/second-factor", "/authorize", "/sign-in", "/continue"] {
            let refused = try await thief.get(path, [("interaction", next.text("interaction"))])
            #expect(refused.status == .gone)
            let again = try await open(step(refused).uri, in: thief).page()
            #expect(again.template == "sign-in")
            // The new interaction is bound to the browser that started it.
            #expect(try await victim.get("/sign-in", [("interaction", again.text("interaction"))]).status == .gone)
        }
        #expect(!thief.cookieHeader.contains("martlet-session"))
    }

    @Test("starting again doesn't carry over the consent that was given")
    func consent() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let signIn = try await browser.get("/authorize", Browser.webRequest([("prompt", "consent")])).page()
        let consent = try await browser.submit(signIn, Self.alice).page()
        let allowed = try await browser.submitWithoutFollowing(consent, [("decision", "allow")])
        let interaction = try allowed.answer().required("interaction")
        issuer.clock.advance(by: 1_801)
        let late = try await browser.get("/authorize", [("interaction", interaction)])
        #expect(try await open(step(late).uri, in: browser).page().template == "consent")
    }

    private static func web(_ change: String) -> String {
        let client = #""client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional""#
        return #"{"clients": [{\#(client), \#(change)}]}"#
    }

    @Test(
        "a client that may no longer make the request is not offered as a way on",
        arguments: [
            web(#""redirect_uris": ["https://shop.example/elsewhere"], "scope": "openid profile""#),
            web(#""redirect_uris": ["https://shop.example/callback"], "scope": "openid""#),
            web(#""redirect_uris": ["https://shop.example/callback"], "scope": "openid profile", "disabled": true"#),
        ])
    func withdrawn(_ resources: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        issuer.clock.advance(by: 1_801)
        try await issuer.apply(resources)
        let late = try await browser.submit(page, Self.alice)
        #expect(late.status == .gone)
        #expect(try late.page().data["next"] == nil)
    }

    @Test("a forged, foreign or day-old interaction leads nowhere")
    func unknown() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let interaction = try await browser.get("/authorize", Browser.webRequest()).page().text("interaction")
        let other = try await TestIssuer("https://other.example.com")
        let theirs = try await Browser(other).get("/authorize", Browser.webRequest()).page().text("interaction")
        for text in [theirs, "x" + interaction, "garbage", "https://evil.example/"] {
            let refused = try await browser.get("/sign-in", [("interaction", text)])
            #expect(refused.status == .gone)
            #expect(try refused.page().data["next"] == nil)
        }
        issuer.clock.advance(by: 86_401)
        let late = try await browser.get("/sign-in", [("interaction", interaction)])
        #expect(try late.page().data["next"] == nil)
    }

    @Test("restarting a sign-in doesn't extend the day in which it can be restarted")
    func restartedAgain() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        var page = try await browser.get("/authorize", Browser.webRequest()).page()
        issuer.clock.advance(by: 82_800)
        page = try await open(step(browser.submit(page, Self.alice)).uri, in: browser).page()
        #expect(page.template == "sign-in")
        issuer.clock.advance(by: 7_200)
        let late = try await browser.submit(page, Self.alice)
        #expect(late.status == .gone)
        #expect(try late.page().data["next"] == nil)
    }

    @Test(
        "a request that the client's registration no longer allows cannot be restarted",
        arguments: [
            // The client may no longer see the address, which the request asks for as a claim.
            (
                [("claims", #"{"id_token": {"email": null}}"#)],
                #""redirect_uris": ["https://shop.example/callback"], "scope": "openid profile""#
            ),
            // Without a secret, the client needs PKCE.
            (
                [],
                """
                "redirect_uris": ["https://shop.example/callback"], "scope": "openid profile",
                "token_endpoint_auth_method": "none", "pkce": "required"
                """
            ),
        ] as [([(String, String)], String)])
    func tightened(_ parameters: [(String, String)], _ members: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", Browser.webRequest(parameters)).page()
        issuer.clock.advance(by: 1_801)
        let client =
            members.contains("token_endpoint_auth_method")
            ? #"{"clients": [{"client_id": "web", \#(members)}]}"# : Self.web(members)
        try await issuer.apply(client)
        let late = try await browser.submit(page, Self.alice)
        #expect(late.status == .gone)
        #expect(try late.page().data["next"] == nil)
    }

    @Test("another browser that restarts a sign-in doesn't see the login hint")
    func foreignHint() async throws {
        let issuer = try await TestIssuer()
        let (owner, finder) = (Browser(issuer), Browser(issuer))
        let page = try await owner.get("/authorize", Browser.webRequest([("login_hint", "alice@example.com")])).page()
        #expect(page.text("username") == "alice@example.com")
        let refused = try await finder.get("/sign-in", [("interaction", page.text("interaction"))])
        #expect(try await open(step(refused).uri, in: finder).page().text("username") == "")
        issuer.clock.advance(by: 1_801)
        let late = try await owner.submit(page, Self.alice)
        #expect(try await open(step(late).uri, in: owner).page().text("username") == "alice@example.com")
    }

    @Test("a failure that passes keeps the sign-in, and any other error doesn't restart it")
    func passing() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let interaction = try await browser.get("/authorize", Browser.webRequest()).page().text("interaction")
        let request = try Request(
            method: .get, path: "/sign-in", query: "interaction=\(interaction)",
            headers: [.cookie: browser.cookieHeader])
        struct Outage: StorageUnavailable {}
        for failure in [Outage(), OAuthError.tooManyRequests(retryAfter: 1)] as [any Error] {
            let error = await #expect(throws: OAuthError.self) {
                try await InteractionPages(issuer.core).guide(request) { throw failure }
            }
            let next = try #require(error?.next)
            #expect(next.label == .retry)
            #expect(try await open(next.uri, in: browser).page().template == "sign-in")
        }
        let refusal = await #expect(throws: OAuthError.self) {
            try await InteractionPages(issuer.core).guide(request) { throw OAuthError.invalidRequest("no") }
        }
        #expect(refusal?.next == nil)
    }

    @Test("an expired sign-in to one of our own pages leads back to that page")
    func ownPage() async throws {
        let issuer = try await TestIssuer("https://id.example.com/realm")
        let browser = Browser(issuer)
        let page = try await browser.get("/account/passkeys").page()
        issuer.clock.advance(by: 1_801)
        let step = try step(try await browser.submit(page, Self.alice))
        #expect(step.uri == "/realm/account/passkeys")
        #expect(step.label == "text.next_sign_in")
    }

    @Test("an unregistered redirect URI leads to the client's registered address, never to the requested one")
    func unregistered() async throws {
        let issuer = try await TestIssuer()
        let request = [("client_id", "web"), ("redirect_uri", "https://evil.example/"), ("response_type", "code")]
        let refused = try await Browser(issuer).get("/authorize", request)
        #expect(try refused.page().data["next"] == nil)
        try await issuer.apply(
            Self.web(
                #""client_uri": "https://shop.example/", "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]"#
            ))
        // Registrations are cached for a short time.
        issuer.clock.advance(by: 60)
        let known = try await Browser(issuer).get("/authorize", request)
        #expect(try step(known).uri == "https://shop.example/")
        #expect(try step(known).name == "Shop")
        // It is shown as text, and nowhere else.
        let others = try known.page().data.filter { $0.key != "sent" }
        #expect(!"\(others)".contains("evil"))
        let signOut = [("client_id", "web"), ("post_logout_redirect_uri", "https://evil.example/")]
        #expect(try step(try await Browser(issuer).get("/logout", signOut)).uri == "https://shop.example/")
    }

    private func link(_ path: String) async throws -> (uri: String, label: String, name: String) {
        let issuer = try await TestIssuer(mailbox: mailbox, signUp: .open)
        let lost = try await Browser(issuer).get(path, [("link", "used")])
        #expect(lost.status == .gone)
        #expect(try lost.page().text("title") == "text.link_lost_title")
        return try step(lost)
    }

    @Test(
        "a link that no longer works leads to where users get a new one, or else to the account page",
        arguments: [
            ("/reset-password", "/forgot-password"), ("/sign-up/finish", "/sign-up"), ("/invitation", "/account"),
            ("/verify-email", "/account/email"), ("/change-email/agree", "/account/email"),
            ("/change-email/finish", "/account/email"), ("/not-me", "/forgot-password"), ("/unlock", "/account"),
            ("/recovery/cancel", "/account"), ("/recovery/finish", "/account"),
        ])
    func lostLink(_ path: String, _ expected: String) async throws {
        #expect(try await link(path).uri == expected)
    }

    @Test("signing out and staying signed in both lead back to the client's registered address")
    func signOut() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        try await issuer.apply(
            Self.web(#""client_uri": "https://shop.example/", "redirect_uris": ["https://shop.example/callback"]"#))
        issuer.clock.advance(by: 60)
        let page = try await browser.get("/logout", [("client_id", "web")]).page()
        let stayed = try await browser.submit(page, [("decision", "stay")]).page()
        #expect(stayed.text("return_uri") == "https://shop.example/")
        let left = try await browser.submit(page, [("decision", "sign-out")]).page()
        #expect(left.text("return_uri") == "https://shop.example/")
        #expect(try step(try await browser.get("/logout")).uri == "/account")
    }
}
