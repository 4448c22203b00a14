import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("Sign-ins that go to an upstream without asking")
struct UpstreamRoutingTests {
    /// The upstream that the sign-in page sends the browser to, or `nil` if it asks.
    private func destination(_ response: Response) throws -> String? {
        guard try response.page().template == "upstream-redirect" else { return nil }
        return response.refresh?.split(separator: "=").last.map(String.init)
    }

    private func authorize(
        _ browser: Browser, _ client: String = "web", _ more: [(String, String)] = []
    ) async throws -> Response {
        try await browser.get("/authorize", UpstreamWays.request(client, more))
    }

    @Test(
        "idp_hint names the upstream, if the client may use it",
        arguments: [
            ("web", "github", "github"), ("one", "github", "github"), ("one", "acme", nil), ("web", "off", nil),
            ("web", "nobody", nil), ("web", "GITHUB", nil), ("none", "github", nil),
        ] as [(String, String, String?)])
    func hint(_ client: String, _ hint: String, expected: String?) async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let response = try await authorize(browser, client, [("idp_hint", hint)])
        #expect(try destination(response) == expected)
        guard expected != nil else { return }
        let page = try response.page()
        // The page's own link leads where it goes by itself.
        #expect(response.refresh == page.text("continue_uri"))
        let location = try await browser.click(page.text("continue_uri")).headers[.location]
        #expect(location?.hasPrefix("https://github.com/login/oauth/authorize?") == true)
    }

    @Test("a form of ours may not lead out: the upstream is not among the targets, and the page is not a redirect")
    func page() async throws {
        let response = try await authorize(Browser(try await UpstreamWays.issuer()), "web", [("idp_hint", "github")])
        #expect(response.status == .ok)
        #expect(try response.page().formTargets == ["https://shop.example"])
    }

    @Test("the user can sign in another way, and isn't sent again after a failure or when they come back")
    func once() async throws {
        let browser = Browser(try await UpstreamWays.issuer { $0.goesToOnlyUpstream = true })
        let response = try await authorize(browser, "web", [("idp_hint", "google")])
        #expect(try destination(response) == "google")
        let other = try await browser.click(response.page().text("other_ways_uri")).page()
        #expect(other.template == "sign-in" && other.upstreams.count == 3 && !other.asksUsernameOnly)
        let failed = try await browser.click(response.page().text("continue_uri")).page()
        #expect(failed.template == "sign-in" && failed.problem == "text.upstream_unavailable")
        // The same interaction, without the word about the failure.
        let again = try await browser.get("/authorize", [("interaction", failed.text("interaction"))]).page()
        #expect(again.template == "sign-in")
    }

    @Test("prompt=none never leads to an upstream")
    func silent() async throws {
        let browser = Browser(try await UpstreamWays.issuer(UpstreamWays.domainless) { $0.goesToOnlyUpstream = true })
        for client in ["web", "one"] {
            let response = try await authorize(
                browser, client, [("idp_hint", "github"), ("login_hint", "a@acme.example"), ("prompt", "none")])
            #expect(try response.answer()["error"] == "login_required")
        }
    }

    @Test("with upstream_redirect, the only upstream of a client is used without asking; with two, the page asks")
    func only() async throws {
        let issuer = try await UpstreamWays.issuer(UpstreamWays.domainless) { $0.goesToOnlyUpstream = true }
        #expect(try destination(await authorize(Browser(issuer), "one")) == "github")
        #expect(try destination(await authorize(Browser(issuer), "web")) == nil)
        #expect(try destination(await authorize(Browser(issuer), "none")) == nil)
        // It is off by default.
        let usual = try await UpstreamWays.issuer(UpstreamWays.domainless)
        #expect(try destination(await authorize(Browser(usual), "one")) == nil)
    }

    @Test(
        "login_hint with a domain of an upstream leads there and is passed on",
        arguments: [
            ("alice@acme.example", true), ("nobody@ACME.example", true), ("alice@sub.acme.example", false),
            ("alice@acme.example.org", false), ("acme.example", false), ("alice", false), ("a@b@acme.example", false),
            ("\"a b\"@acme.example", false),
        ])
    func loginHint(_ hint: String, isRouted: Bool) async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let response = try await authorize(browser, "web", [("login_hint", hint)])
        #expect(try destination(response) == (isRouted ? "acme" : nil))
        let page = try response.page()
        guard isRouted else {
            #expect(page.text("username") == hint && !page.asksUsernameOnly)
            return
        }
        #expect(try await browser.click(page.text("continue_uri")).answer()["login_hint"] == hint)
        // A client that may not use the upstream gets the page.
        #expect(try destination(await authorize(browser, "one", [("login_hint", hint)])) == nil)
    }
}

@Suite("The username first, if its domain may decide where the user signs in")
struct UsernameFirstTests {
    private func start(_ issuer: TestIssuer) async throws -> (Browser, Page) {
        let browser = Browser(issuer)
        return (browser, try await browser.get("/authorize", UpstreamWays.request()).page())
    }

    @Test("only where an upstream that the client may use has domains")
    func when() async throws {
        let issuer = try await UpstreamWays.issuer()
        #expect(try await start(issuer).1.asksUsernameOnly)
        #expect(try await !Browser(issuer).get("/authorize", UpstreamWays.request("one")).page().asksUsernameOnly)
        #expect(try await !start(UpstreamWays.issuer(UpstreamWays.domainless)).1.asksUsernameOnly)
    }

    @Test("a routed address leads to the upstream, which learns it; so does one without an account")
    func routed() async throws {
        let issuer = try await UpstreamWays.issuer()
        for name in ["alice@acme.example", "Nobody@Acme.Example"] {
            let (browser, page) = try await start(issuer)
            let response = try await browser.submit(page, [("username", name)])
            #expect(try response.page().template == "upstream-redirect")
            let asked = try await browser.click(response.page().text("continue_uri")).answer()
            #expect(asked["login_hint"] == name)
            // The address is kept for a sign-in with the password.
            let other = try await browser.click(response.page().text("other_ways_uri")).page()
            #expect(other.text("username") == name && !other.asksUsernameOnly)
        }
    }

    @Test("any other name leads to the password, and the response doesn't tell whether the account exists")
    func password() async throws {
        let issuer = try await UpstreamWays.issuer()
        func secondStep(_ name: String) async throws -> (Browser, Page) {
            let (browser, page) = try await start(issuer)
            return (browser, try await browser.submit(page, [("username", name)]).page())
        }
        let (browser, known) = try await secondStep("alice")
        let unknown = try await secondStep("nobody").1
        #expect(known.template == "sign-in" && !known.asksUsernameOnly && known.text("username") == "alice")
        #expect(known.data.keys.sorted() == unknown.data.keys.sorted())
        let steady = ["asks_username_only", "error", "problem", "has_links"]
        #expect(steady.map { known.data[$0] } == steady.map { unknown.data[$0] })
        let response = try await browser.submit(known, [("username", "alice"), ("password", "correct horse")])
        #expect(try response.answer()["code"] != nil)
    }

    @Test("another account can be chosen, also in place of a login_hint")
    func otherAccount() async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let page = try await browser.get("/authorize", UpstreamWays.request("web", [("login_hint", "bob")])).page()
        #expect(page.text("username") == "bob" && !page.asksUsernameOnly)
        let first = try await browser.click(page.text("other_account_uri")).page()
        #expect(first.asksUsernameOnly && first.text("username") == "")
    }

    @Test("a password that comes with the name counts, as from a password manager, and a wrong one shows both fields")
    func both() async throws {
        let issuer = try await UpstreamWays.issuer()
        let (browser, page) = try await start(issuer)
        let wrong = try await browser.submit(page, [("username", "alice@acme.example"), ("password", "guess")]).page()
        #expect(wrong.hasError("credentials") && !wrong.asksUsernameOnly && wrong.data["other_account_uri"] == nil)
        let right = try await browser.submit(wrong, [("username", "alice"), ("password", "correct horse")])
        #expect(try right.answer()["code"] != nil)
    }

    @Test("after the user was at an upstream, the page asks for name and password at once, without a way back there")
    func afterwards() async throws {
        let (browser, page) = try await start(UpstreamWays.issuer())
        let failed = try await browser.click(page.link(to: "google")).page()
        let again = try await browser.get("/sign-in", [("interaction", failed.text("interaction"))]).page()
        #expect(again.problem == nil && !again.asksUsernameOnly && again.data["other_account_uri"] == nil)
    }

    @Test("linking an account with a routed address asks for the password and does not return to the upstream")
    func linking() async throws {
        let routed = #"{"preset": "github", "client_id": "c", "client_secret": "s", "domains": ["acme.example"]}"#
        let issuer = try await UpstreamWays.issuer([routed], fetcher: CannedGitHub())
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", UpstreamWays.request()).page()
        let sent = try await browser.submit(page, [("username", "alice@acme.example")]).page()
        let state = try await browser.click(sent.text("continue_uri")).answer().required("state")
        let unknown = try await browser.get("/upstream/github/callback", [("code", "c"), ("state", state)]).page()
        #expect(unknown.template == "upstream-account")
        let linking = try await browser.submit(unknown, [("action", "link")]).page()
        #expect(linking.template == "sign-in" && !linking.asksUsernameOnly)
        let fields = [("username", "alice@acme.example"), ("password", "correct horse")]
        #expect(try await browser.submit(linking, fields).answer()["code"] != nil)
        let link = try await issuer.link(to: "github", subject: "7")
        let alice = try await issuer.stores.users.find(named: "alice")
        #expect(link?.user == alice?.id && link != nil)
    }

    @Test("an empty name asks again, and without domains an empty password is a wrong one")
    func empty() async throws {
        let (browser, page) = try await start(UpstreamWays.issuer())
        #expect(try await browser.submit(page, [("username", "")]).page().asksUsernameOnly)
        let (usual, whole) = try await start(UpstreamWays.issuer(UpstreamWays.domainless))
        #expect(try await usual.submit(whole, [("username", "alice")]).page().hasError("credentials"))
    }

    @Test("names that are only routed are not guesses: no limit counts them")
    func unlimited() async throws {
        let (browser, page) = try await start(UpstreamWays.issuer())
        for _ in 0..<40 {
            #expect(try await browser.submit(page, [("username", "alice")]).status == .ok)
        }
        let response = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(try response.answer()["code"] != nil)
    }
}
