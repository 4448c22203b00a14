import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("The upstreams of a client, on its sign-in page and at the server")
struct UpstreamChoiceTests {
    @Test("the page has the enabled upstreams that the client lists, and all of them for our own pages")
    func shown() async throws {
        let issuer = try await UpstreamWays.issuer()
        for (client, expected) in [("web", ["acme", "github", "google"]), ("one", ["github"]), ("none", [])] {
            let page = try await Browser(issuer).get("/authorize", UpstreamWays.request(client)).page()
            #expect(page.template == "sign-in")
            #expect(page.upstreamLinks.map(\.id) == expected)
        }
        let own = try await Browser(issuer).get("/account").page()
        #expect(own.upstreamLinks.map(\.id) == ["acme", "github", "google"])
    }

    @Test("each has its name in the page's language, and an icon: its logo, its preset's, or its initial")
    func look() async throws {
        let logo = UpstreamWays.upstream(#""id": "logo", "logo_uri": "https://cdn.example/a.png""#)
        let issuer = try await UpstreamWays.issuer(UpstreamWays.all + [logo])
        let page = try await Browser(issuer).get("/authorize", UpstreamWays.request()).page()
        let items = page.upstreams
        #expect(items[0]["name"] == .translated(["en": "Acme", "de": "Akme"], otherwise: "Acme"))
        #expect(items[0]["initial"] == "A" && items[0]["icon"] == nil && items[0]["logo_uri"] == nil)
        #expect(items[1]["icon"] == ["github": true])
        #expect(items[3]["logo_uri"] == "https://cdn.example/a.png" && items[3]["icon"] == nil)
        #expect(page.imageSources == ["https://cdn.example/a.png"])
    }

    @Test("the link of an upstream leads there, with the attempt in a cookie, and its form has no other targets")
    func start() async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let page = try await browser.get("/authorize", UpstreamWays.request()).page()
        #expect(page.formTargets == ["https://shop.example"])
        let response = try await browser.click(page.link(to: "github"))
        #expect(response.headers[.location]?.hasPrefix("https://github.com/login/oauth/authorize?") == true)
        let redirect = try response.answer()["redirect_uri"]
        #expect(redirect == "https://id.example.com/upstream/github/callback")
        #expect(response.headers[.setCookie]?.contains("martlet-upstream-") == true)
    }

    @Test("an upstream that the client doesn't list, is disabled or unknown is refused, and its name isn't repeated")
    func refused() async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let page = try await browser.get("/authorize", UpstreamWays.request("one")).page()
        let link = try page.link(to: "github")
        for other in ["acme", "off", "nobody", "GitHub", "%3Cscript%3E"] {
            let shown = try await browser.click(link.replacing("&upstream=github", with: "&upstream=\(other)")).page()
            #expect(shown.template == "sign-in")
            #expect(shown.problem == "text.upstream_gone")
            #expect(shown.data["problem"] == ["text": "text.upstream_gone"])
            #expect(!"\(shown.data)".contains("<script"))
        }
    }

    @Test("another browser can't start a sign-in with the link, so nobody can make it sign in as somebody else")
    func stolen() async throws {
        let issuer = try await UpstreamWays.issuer()
        let link = try await Browser(issuer).get("/authorize", UpstreamWays.request()).page().link(to: "github")
        let other = Browser(issuer)
        _ = try await other.get("/authorize", UpstreamWays.request())
        #expect(try await other.click(link).status == .gone)
        #expect(try await other.request(.get, "/sign-in/upstream").headers[.location] == "/account")
    }

    @Test("the callback checks the client's list again, before it sends the code anywhere")
    func callback() async throws {
        let issuer = try await UpstreamWays.issuer()
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", UpstreamWays.request("one")).page()
        let state = try await browser.click(page.link(to: "github")).answer().required("state")
        let changed = UpstreamWays.resources(UpstreamWays.all, one: "acme")
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(changed.utf8))))
        // The cached clients have expired.
        issuer.clock.advance(by: 31)
        let response = try await browser.get("/upstream/github/callback", [("code", "c"), ("state", state)])
        // Without the check, the fetch would have failed as `unavailable`.
        #expect(try response.page().problem == "text.upstream_gone")
        #expect(try await issuer.recorded().contains { "\($0)".contains("not_admitted") })
    }

    @Test("an upstream that is down leads back to the page, which says so, and the password still works")
    func down() async throws {
        let browser = Browser(try await UpstreamWays.issuer())
        let page = try await browser.get("/authorize", UpstreamWays.request()).page()
        let shown = try await browser.click(page.link(to: "google")).page()
        #expect(shown.problem == "text.upstream_unavailable")
        #expect(shown.data["problem"] == ["text": "text.upstream_unavailable", "name": "Google"])
        #expect(!shown.asksUsernameOnly)
        let response = try await browser.submit(shown, [("username", "alice"), ("password", "correct horse")])
        #expect(try response.answer()["code"] != nil)
    }

    @Test("the last upstream that a sign-in succeeded with comes first; a planted cookie has no effect")
    func lastUsed() async throws {
        let issuer = try await UpstreamWays.issuer(fetcher: CannedGitHub())
        try await issuer.link("alice", to: "github", subject: "7")
        let browser = Browser(issuer)
        let page = try await browser.get("/authorize", UpstreamWays.request()).page()
        #expect(page.upstreams.allSatisfy { $0["is_last"] == false })
        let state = try await browser.click(page.link(to: "github")).answer().required("state")
        #expect(browser.cookie("last-upstream") == nil)
        let query = FormEncoding.encode([("code", "c"), ("state", state)])
        let response = try await browser.request(.get, "/upstream/github/callback", query: query)
        let cookie = response.headers[values: .setCookie].first { $0.contains("martlet-last-upstream") }
        #expect(
            cookie == "__Host-martlet-last-upstream=github; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; Secure")
        #expect(try await browser.follow(response).answer()["code"] != nil)

        issuer.clock.advance(by: 100)
        let again = try await browser.get("/authorize", UpstreamWays.request("web", [("prompt", "login")])).page()
        #expect(again.upstreamLinks.map(\.id) == ["github", "acme", "google"])
        #expect(again.upstreams.map { $0["is_last"] == true } == [true, false, false])
        browser.add(cookie: "__Host-martlet-last-upstream=off")
        let planted = try await browser.get("/authorize", UpstreamWays.request("web", [("prompt", "login")])).page()
        #expect(planted.upstreamLinks.map(\.id) == ["acme", "github", "google"])
    }

    @Test("without upstreams, the page is as before")
    func without() async throws {
        let page = try await Browser(TestIssuer()).get("/authorize", Browser.webRequest()).page()
        #expect(page.data["upstreams"] == nil && page.data["problem"] == nil)
        #expect(page.imageSources == [] && !page.asksUsernameOnly)
    }
}
