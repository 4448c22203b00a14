import Crypto
import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID Connect Session Management §2, §3")
struct SessionManagementTests {
    private static func issuer() async throws -> TestIssuer {
        try await TestIssuer(
            resources: """
                {"users": [{"username": "alice", "password": "correct horse"},
                           {"username": "bob", "password": "battery staple"}],
                 "clients": [
                    {"client_id": "shop", "token_endpoint_auth_method": "none", "session_management": true,
                     "redirect_uris": ["HTTPS://Shop.example:443/callback", "com.example.shop:/callback"],
                     "authorization_signed_response_alg": "ES256", "consent": "skip"},
                    {"client_id": "blog", "token_endpoint_auth_method": "none", "session_management": true,
                     "redirect_uris": ["https://blog.example:8443/callback"], "consent": "skip"},
                    {"client_id": "plain", "token_endpoint_auth_method": "none",
                     "redirect_uris": ["https://plain.example/callback"], "consent": "skip"},
                    {"client_id": "off", "token_endpoint_auth_method": "none", "session_management": true,
                     "redirect_uris": ["https://off.example/callback"], "disabled": true}]}
                """)
    }

    private static func request(
        _ client: String = "shop", _ uri: String = "HTTPS://Shop.example:443/callback", _ more: [(String, String)] = []
    ) -> [(String, String)] {
        [("response_type", "code"), ("client_id", client), ("redirect_uri", uri), ("scope", "openid")]
            + Proof().parameters + more
    }

    private static let blog = request("blog", "https://blog.example:8443/callback")

    /// Whether the frame would answer `unchanged`, computed as in the specification.
    private func isCurrent(_ state: String?, of client: String, at origin: String, in browser: Browser) throws -> Bool {
        let parts = try #require(state).split(separator: ".")
        #expect(parts.count == 2 && !(state?.contains(" ") ?? true))
        let text = "\(client) \(origin) \(browser.cookie("state") ?? "") \(parts[1])"
        return Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8)))) == String(parts[0])
    }

    @Test("OIDC-Session-Management-001: every response has a session_state, errors and signed responses as well")
    func everyResponse() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        for (more, error) in [
            ([("prompt", "none")], "login_required"), ([], nil), ([("prompt", "none")], nil),
            ([("max_age", "x")], "invalid_request"),
        ] as [([(String, String)], String?)] {
            let answer = try await browser.authorize(Self.request() + more).answer()
            #expect(answer["error"] == error)
            #expect(
                try isCurrent(answer["session_state"], of: "shop", at: "https://shop.example", in: browser), "\(more)")
        }
        let signed = try await browser.authorize(Self.request() + [("response_mode", "query.jwt")]).answer()
        let claims = try JWTClaims.of(signed["response"])
        #expect(signed["session_state"] == nil)
        #expect(
            try isCurrent(
                claims["session_state"]?.string, of: "shop", at: "https://shop.example", in: browser))
        let fragment = try await browser.authorize(Self.request() + [("response_mode", "fragment")])
        #expect(fragment.headers[.location]?.contains("&session_state=") == true)
        let form = try await browser.authorize(Self.request() + [("response_mode", "form_post")]).page()
        guard case .list(let fields)? = form.data["fields"] else { throw Unexpected("no fields") }
        #expect(fields.contains { if case .object(let field) = $0 { field["name"] == "session_state" } else { false } })
    }

    @Test("clients that don't use session management, and apps without an origin, get none, and set no cookie")
    func optional() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        for request in [
            Self.request("plain", "https://plain.example/callback"), Self.request("shop", "com.example.shop:/callback"),
        ] {
            let answer = try await browser.authorize(request).answer()
            #expect(answer["code"] != nil && answer["session_state"] == nil)
            #expect(browser.cookie("state") == nil)
        }
    }

    @Test("a session_state is of no use to another client or origin, and two clients can't compare theirs")
    func origins() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        let shop = try await browser.authorize(Self.request()).answer()["session_state"]
        let blog = try await browser.authorize(Self.blog).answer()["session_state"]
        let again = try await browser.authorize(Self.blog).answer()["session_state"]
        #expect(Set([shop, blog, again]).count == 3)
        #expect(try isCurrent(shop, of: "shop", at: "https://shop.example", in: browser))
        #expect(try isCurrent(blog, of: "blog", at: "https://blog.example:8443", in: browser))
        for (client, origin) in [
            ("blog", "https://shop.example"), ("shop", "https://blog.example:8443"),
            ("shop", "https://shop.example:443"),
            ("shop", "HTTPS://Shop.example"), ("shop", "http://shop.example"),
        ] { #expect(try !isCurrent(shop, of: client, at: origin, in: browser), "\(client) \(origin)") }
    }

    @Test("OIDC-Session-Management-003: the state changes at sign-in, sign-out and account change, and not otherwise")
    func changes() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        var seen: [String?] = []
        func step(_ what: Comment, changes: Bool, _ body: () async throws -> Void) async throws {
            // A sign-in at the time of the request would be recent enough for prompt=login.
            issuer.clock.advance(by: 1)
            try await body()
            let state = browser.cookie("state")
            #expect(state != nil && (changes ? !seen.contains(state) : state == seen.last), what)
            if changes { seen.append(state) }
        }
        let silent = Self.request() + [("prompt", "none")]
        try await step("first visit", changes: true) { _ = try await browser.get("/authorize", silent) }
        try await step("second visit", changes: false) { _ = try await browser.get("/authorize", silent) }
        try await step("sign-in", changes: true) { _ = try await browser.authorize(Self.request()) }
        try await step("another client", changes: false) { _ = try await browser.authorize(Self.blog) }
        try await step("account page", changes: false) { _ = try await browser.get("/account") }
        try await step("sign-in again", changes: true) {
            _ = try await browser.authorize(Self.request() + [("prompt", "login")])
        }
        try await step("another user, at a client without session management", changes: true) {
            let request = Self.request("plain", "https://plain.example/callback") + [("prompt", "login")]
            _ = try await browser.authorize(request, as: "bob", password: "battery staple")
        }
        try await step("the same user comes back", changes: false) { _ = try await browser.authorize(Self.request()) }
        try await step("sign-out", changes: true) {
            let page = try await browser.get("/logout").page()
            _ = try await browser.submit(page, [("decision", "sign-out")])
        }
        try await step("after the sign-out", changes: false) { _ = try await browser.get("/authorize", silent) }
        try await step("sign-in", changes: true) { _ = try await browser.authorize(Self.request()) }
        try await step("everywhere", changes: true) {
            let page = try await browser.get("/account").page()
            let form = [("form_token", page.text("form_token")), ("everywhere", "yes")]
            _ = try await browser.request(.post, "/account/sessions", form: form)
        }
        try await step("sign-in", changes: true) { _ = try await browser.authorize(Self.request()) }
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.endSessions(of: alice)
        try await step("ended by an operator, seen at the next response", changes: true) {
            let answer = try await browser.get("/authorize", silent).answer()
            #expect(answer["error"] == "login_required")
        }
    }

    @Test(
        "signing out of an account that isn't the current one changes the state as well, here and at the next response")
    func otherAccounts() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        _ = try await browser.authorize(Self.request())
        let (state, cookie) = (BrowserState(issuer.core), Cookie.accounts(of: issuer.issuer))
        let request = try Request(method: .get, path: "/", headers: [.cookie: browser.cookieHeader])
        let other = String(repeating: "A", count: 43)
        let added = try #require(state.setting(following: Response().setting(cookie.setting(other)), to: request))
        #expect(!added.contains(try #require(browser.cookie("state"))))
        browser.set(cookie.setting(other))
        browser.set(added)
        let shown = browser.cookie("state")
        _ = try await browser.authorize(Self.request())
        #expect(browser.cookie("state") == shown)
        let both = try Request(method: .get, path: "/", headers: [.cookie: browser.cookieHeader])
        let removed = try #require(state.setting(following: Response().setting(cookie.clearing()), to: both))
        #expect(!removed.contains(try #require(shown)))
        // Signing out of the current account leaves the other.
        let clearing = Response().setting(Cookie.session(of: issuer.issuer).clearing())
        browser.set(try #require(state.setting(following: clearing, to: both)))
        browser.set(Cookie.session(of: issuer.issuer).clearing())
        let last = browser.cookie("state")
        #expect(last != shown)
        _ = try await browser.get("/authorize", Self.request() + [("prompt", "none")])
        #expect(browser.cookie("state") == last)
    }

    @Test("a frame on another site, which has no session cookie, leaves the state alone")
    func crossSite() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        let state = try await browser.authorize(Self.request()).answer()["session_state"]
        let cookie = try #require(browser.cookie("state"))
        let query = FormEncoding.encode((Self.request() + [("prompt", "none")]).map { (name: $0.0, value: $0.1) })
        let response = try await issuer.send(
            .get, "/authorize", query: query, headers: [.cookie: "__Host-martlet-state=\(cookie)"])
        #expect(try response.answer()["error"] == "login_required")
        #expect(!response.headers[values: .setCookie].contains { $0.contains("martlet-state") })
        #expect(try isCurrent(state, of: "shop", at: "https://shop.example", in: browser))
    }

    @Test("the state is readable by the frame's script, and neither reveals nor replaces the session's secret")
    func cookie() async throws {
        let issuer = try await Self.issuer()
        let browser = Browser(issuer)
        let response = try await browser.authorize(Self.request())
        let field = try #require(response.headers[values: .setCookie].first { $0.contains("martlet-state") })
        #expect(field.hasPrefix("__Host-martlet-state="))
        #expect(field.hasSuffix("; Path=/; SameSite=None; Secure; Max-Age=43200"), "\(field)")
        let (state, secret) = (try #require(browser.cookie("state")), try #require(browser.cookie("session")))
        #expect(state != secret)
        let digest = issuer.core.digester.digest(secret, of: Session.self)
        #expect(!"\(digest)".contains(state))
        let thief = Browser(issuer)
        thief.add(cookie: "__Host-martlet-session=\(state)")
        let answer = try await thief.get("/authorize", Self.request() + [("prompt", "none")]).answer()
        #expect(answer["error"] == "login_required")
        // A planted state only makes the frame say "changed".
        browser.add(cookie: "__Host-martlet-state=\(String(repeating: "A", count: 43))")
        let next = try await browser.authorize(Self.request()).answer()["session_state"]
        #expect(browser.cookie("state") == state)
        #expect(try isCurrent(next, of: "shop", at: "https://shop.example", in: browser))
    }

    @Test("on loopback without TLS, browsers take the cookie without SameSite=None")
    func loopback() throws {
        let cookie = Cookie("state", of: try Issuer("http://localhost:8080/id"))
        #expect(cookie.settingForScripts("x", maxAge: 60) == "martlet-state=x; Path=/id; SameSite=Lax; Max-Age=60")
    }

    @Test("OIDC-Session-Management-004: the frame's address is in the metadata, and its page runs its own script only")
    func frame() async throws {
        let issuer = try await Self.issuer()
        let metadata = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        #expect(metadata["check_session_iframe"] == "https://id.example.com/session/check")
        let response = try await issuer.send(.get, "/session/check")
        guard case .bytes(let bytes) = response.body else { throw Unexpected("a page") }
        let html = String(decoding: bytes, as: UTF8.self)
        #expect(html.contains("data-cookie=\"__Host-martlet-state\""))
        let script = try #require(html.firstMatch(of: /(?s)<script>(.*)<\/script>/)).1
        let hash = Data(SHA256.hash(data: Data(script.utf8))).base64EncodedString()
        #expect(
            response.headers[.contentSecurityPolicy] == """
                default-src 'none'; script-src 'sha256-\(hash)'; \
                frame-ancestors https://blog.example:8443 https://shop.example; base-uri 'none'
                """)
        #expect(response.headers[values: .setCookie].isEmpty)
    }

    @Test(
        "only pages of enabled clients that use session management may frame it, and none learns of the others",
        arguments: [
            ("https://shop.example/app?x=1", "https://shop.example"),
            ("https://blog.example:8443", "https://blog.example:8443"),
            ("https://plain.example/", nil), ("https://off.example/", nil), ("https://evil.example/", nil),
            ("https://shop.example.evil.example/", nil), ("https://shop.example@evil.example/", nil),
            ("http://shop.example/", nil), ("https://blog.example/", nil),
        ] as [(String, String?)])
    func ancestors(_ referrer: String, _ expected: String?) async throws {
        let response = try await Self.issuer().send(.get, "/session/check", headers: [.referer: referrer])
        let policy = try #require(response.headers[.contentSecurityPolicy])
        #expect(policy.contains("; frame-ancestors \(expected ?? "'none'"); "), "\(policy)")
        guard case .bytes(let bytes) = response.body else { throw Unexpected("a page") }
        #expect(String(decoding: bytes, as: UTF8.self).contains("data-origins=\"\(expected ?? "")\""))
    }

    @Test("without a referrer, the page lists the origins, up to a length that proxies accept")
    func manyOrigins() async throws {
        let clients: [JSON] = (0..<90).map { number in
            [
                "client_id": .string("c\(number)"), "session_management": true, "token_endpoint_auth_method": "none",
                "redirect_uris": [.string("https://c\(number).example/callback")],
            ]
        }
        let resources: JSONObject = ["clients": .array(clients)]
        let issuer = try await TestIssuer(resources: String(decoding: resources.serialized(), as: UTF8.self))
        let policy = try #require(
            try await issuer.send(.get, "/session/check").headers[.contentSecurityPolicy])
        #expect(policy.utf8.count < 4_096 && policy.matches(of: /https:/).count == 64)
        // One that says where it is can always be framed.
        let last = try await issuer.send(.get, "/session/check", headers: [.referer: "https://c89.example/"])
        #expect(last.headers[.contentSecurityPolicy]?.contains("frame-ancestors https://c89.example;") == true)
    }

    @Test("session_management needs a redirect URI with an origin")
    func registration() throws {
        let document: JSONObject = [
            "client_id": "app", "token_endpoint_auth_method": "none", "redirect_uris": ["com.example.app:/callback"],
            "session_management": true,
        ]
        let error = #expect(throws: InvalidDocument.self) { try Client(document) }
        #expect(error?.problems.map(\.member) == ["session_management"])
    }
}
