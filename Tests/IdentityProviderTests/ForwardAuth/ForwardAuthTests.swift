import SQLStorage
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Forward authentication")
struct ForwardAuthTests {
    private static let resources = """
        {"roles": [{"name": "editor", "permissions": ["wiki:read", "wiki:write"]}, {"name": "reader",
             "permissions": ["wiki:read"]}],
         "groups": [{"name": "press", "roles": ["editor"]}],
         "users": [
            {"username": "alice", "password": "correct horse", "name": "Alice\\r\\nRemote-User: root", "groups": ["press"],
             "email": "alice@example.com", "email_verified": true},
            {"username": "bob", "password": "battery staple", "email": "bob@example.com", "roles": ["reader"]}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"], "scope": "openid profile", "consent": "skip"},
            {"client_id": "wiki", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://wiki.example", "https://notes.example:8443"]}},
            {"client_id": "press", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://press.example"], "roles": ["editor", "chief"],
                "permissions": ["wiki:write", "wiki:read"]}},
            {"client_id": "twice-a", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://twice.example"]}},
            {"client_id": "twice-b", "token_endpoint_auth_method": "none", "grant_types": [],
             "forward_auth": {"origins": ["https://twice.example"]}}]}
        """

    /// A browser at an application's origin, behind a proxy that asks Martlet.
    private final class Visitor {
        let issuer: TestIssuer
        let person: Browser
        let origin: String
        var cookies: [String: String] = [:]

        init(_ issuer: TestIssuer, at origin: String = "https://wiki.example", person: Browser? = nil) {
            self.issuer = issuer
            self.person = person ?? Browser(issuer)
            self.origin = origin
        }

        func ask(_ uri: String = "/page?a=1", query: String? = nil, _ more: HTTPFields = [:]) async throws -> Response {
            let parts = origin.split(separator: "://")
            var headers: HTTPFields = [
                .accept: "text/html,*/*", .cookie: cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "),
            ]
            headers[.forwardedProto] = String(parts[0])
            headers[.forwardedHost] = String(parts[1])
            headers[.forwardedURI] = uri
            for field in more { headers[field.name] = field.value }
            let response = try await issuer.send(.get, "/api/auth/forward", query: query, headers: headers)
            for field in response.headers[values: .setCookie] {
                let pair = field.prefix { $0 != ";" }.split(separator: "=", omittingEmptySubsequences: false)
                cookies[String(pair[0])] = pair[1].isEmpty ? nil : String(pair[1])
            }
            return response
        }

        /// Follows the redirect to the sign-in, with a session in place, and returns the path and query of the
        /// callback.
        func callback(from answer: Response) async throws -> String {
            let location = answer.headers[.location] ?? ""
            let start = issuer.issuer.identifier + "/api/auth/forward/sign-in?"
            guard location.hasPrefix(start) else {
                throw Unexpected("expected a redirect to the sign-in, got \(answer)")
            }
            let signedIn = try await person.request(
                .get, "/api/auth/forward/sign-in", query: String(location.dropFirst(start.count)))
            let back = signedIn.headers[.location] ?? ""
            guard back.hasPrefix(origin + "/.martlet/callback?ticket=") else {
                throw Unexpected("expected a redirect to the callback, got \(back)")
            }
            return String(back.dropFirst(origin.count))
        }

        /// Signs the user in and enters the application.
        func enter(as username: String = "alice", password: String = "correct horse") async throws {
            _ = try await person.authorize(Browser.webRequest(), as: username, password: password)
            let response = try await ask(callback(from: ask()))
            guard response.headers[.location] == origin + "/page?a=1" else {
                throw Unexpected("expected a redirect to the page, got \(response)")
            }
        }
    }

    private func field(_ response: Response, _ name: String) -> String? {
        HTTPField.Name(name).flatMap { response.headers[$0] }
    }

    @Test("users are sent to sign in, return to where they were, and are identified to the application")
    func way() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        try await visitor.enter()
        let answer = try await visitor.ask()
        #expect(answer.status == .noContent)
        #expect(field(answer, "Remote-User") == "alice")
        #expect(field(answer, "Remote-Email") == "alice@example.com")
        #expect(field(answer, "Remote-Groups") == "press")
        #expect(field(answer, "Remote-Roles") == "editor")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(field(answer, "Remote-Subject") == alice.id.rawValue)
        // A line break in a name doesn't start another header field.
        #expect(field(answer, "Remote-Name") == "Alice  Remote-User: root")
        #expect(answer.headers[values: HTTPField.Name("Remote-User")!].count == 1)
    }

    @Test("a disabled client refuses everyone, even with a pass or a ticket")
    func disabledClient() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        try await visitor.enter()
        let callback = try await visitor.callback(from: Visitor(issuer, person: visitor.person).ask())
        let client = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "wiki")))
        try await issuer.administration.setDisabled(true, client)
        // The cached clients have expired.
        issuer.clock.advance(by: 31)
        #expect(try await visitor.ask().status == .forbidden)
        #expect(try await visitor.ask(callback).status == .forbidden)
    }

    @Test("an unverified email address is not passed on; every field is present, even if empty")
    func unverified() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        try await visitor.enter(as: "bob", password: "battery staple")
        let answer = try await visitor.ask()
        #expect(field(answer, "Remote-Email") == "")
        #expect(field(answer, "Remote-Groups") == "")
        #expect(field(answer, "Remote-Roles") == "reader")
    }

    @Test("cookies are host-only, hidden from scripts, and don't work at another origin")
    func cookies() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        let away = try await visitor.ask()
        #expect(away.status == .found)
        #expect(
            away.headers[.setCookie]?.firstMatch(
                of: /^__Host-martlet-forward-browser=[^;]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1800; Secure$/)
                != nil)
        _ = try await visitor.person.authorize(Browser.webRequest())
        let entered = try await visitor.ask(visitor.callback(from: away))
        #expect(
            entered.headers[.setCookie]?.firstMatch(
                of: /^__Host-martlet-forward=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/) != nil)
        let elsewhere = Visitor(issuer, at: "https://notes.example:8443")
        elsewhere.cookies = visitor.cookies
        #expect(try await elsewhere.ask().status == .found)
        #expect(try await visitor.ask().status == .noContent)
    }

    @Test("a ticket works once, in the browser that asked, at its origin, for a minute")
    func ticket() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        _ = try await visitor.person.authorize(Browser.webRequest())
        let ticket = try await visitor.callback(from: visitor.ask())
        // A victim who follows a link with the ticket, first without and then with a browser cookie of their own.
        let victim = Visitor(issuer)
        #expect(try await victim.ask(ticket).status == .gone)
        _ = try await victim.ask()
        #expect(try await victim.ask(ticket).status == .gone)
        #expect(victim.cookies.keys.sorted() == ["__Host-martlet-forward-browser"])
        let elsewhere = Visitor(issuer, at: "https://notes.example:8443")
        elsewhere.cookies = visitor.cookies
        #expect(try await elsewhere.ask(ticket).status == .gone)
        // After the failed attempts, it still works in the right browser, and exactly once.
        let browser = visitor.cookies
        let statuses = try await TestSupport.race(8) { _ in
            let tab = Visitor(issuer)
            tab.cookies = browser
            return try await tab.ask(ticket).status
        }
        #expect(statuses.count { $0 == .seeOther } == 1)
        #expect(statuses.count { $0 == .gone } == 7)
        let late = try await visitor.callback(from: visitor.ask())
        issuer.clock.advance(by: 60)
        #expect(try await visitor.ask(late).status == .gone)
        let forged = "/.martlet/callback?ticket=" + String(ticket.dropFirst(26).reversed())
        #expect(try await visitor.ask(forged).status == .gone)
        #expect(try await visitor.ask("/.martlet/callback").status == .gone)
    }

    @Test("an expired sign-in leads back to the application while its origin is registered")
    func lateSignIn() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        let lost = try await visitor.ask("/.martlet/callback").page()
        #expect(lost.text("next", "uri") == "https://wiki.example/")
        #expect(lost.text("next", "name") == "wiki")
        let location = try #require(try await visitor.ask().headers[.location])
        let query = try #require(location.split(separator: "?").last.map(String.init))
        let signIn = try await visitor.person.follow(
            visitor.person.request(.get, "/api/auth/forward/sign-in", query: query)
        ).page()
        issuer.clock.advance(by: 1_801)
        let late = try await visitor.person.request(.get, "/api/auth/forward/sign-in", query: query)
        #expect(late.status == .gone)
        #expect(try late.page().text("next", "uri") == "https://wiki.example/")
        let fields = [("username", "alice"), ("password", "correct horse")]
        #expect(try await visitor.person.submit(signIn, fields).page().text("next", "uri") == "https://wiki.example/")
        try await issuer.apply(
            #"{"clients": [{"client_id": "wiki", "token_endpoint_auth_method": "none", "grant_types": []}]}"#)
        issuer.clock.advance(by: 60)
        #expect(try await visitor.person.submit(signIn, fields).page().data["next"] == nil)
        let withdrawn = try await visitor.person.request(.get, "/api/auth/forward/sign-in", query: query)
        #expect(try withdrawn.page().data["next"] == nil)
    }

    @Test("a check by the proxy keeps the session from idling out", arguments: TestEngine.allCases)
    func idle(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let issuer = try await TestIssuer(resources: Self.resources, database: database) { settings in
            settings.lifetimes.sessionIdle = 600
        }
        let visitor = Visitor(issuer)
        try await visitor.enter()
        for _ in 0..<5 {
            issuer.clock.advance(by: 500)
            #expect(try await visitor.ask().status == .noContent)
        }
        issuer.clock.advance(by: 600)
        #expect(try await visitor.ask().status == .found)
    }

    @Test("two tabs can sign in at the same time")
    func tabs() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        _ = try await visitor.person.authorize(Browser.webRequest())
        let (first, second) = (try await visitor.ask("/one"), try await visitor.ask("/two"))
        let (one, two) = (
            try await visitor.ask(visitor.callback(from: first)), try await visitor.ask(visitor.callback(from: second))
        )
        #expect(one.headers[.location] == "https://wiki.example/one")
        #expect(two.headers[.location] == "https://wiki.example/two")
    }

    @Test("the pass ends with the session or when the user is disabled", arguments: TestEngine.allCases)
    func end(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(resources: Self.resources, database: TestDatabase(engine))
        let visitor = Visitor(issuer)
        try await visitor.enter()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.stores.sessions.endAll(of: alice.id, at: issuer.clock.now)
        #expect(try await visitor.ask().status == .found)
        try await visitor.enter()
        #expect(try await visitor.ask().status == .noContent)
        try await issuer.administration.setDisabled(true, alice)
        #expect(try await visitor.ask().status == .found)
        try await issuer.administration.setDisabled(false, alice)
        try await visitor.enter()
        issuer.clock.advance(by: 12 * 3_600)
        #expect(try await visitor.ask().status == .found)
    }

    @Test("signing out at the application deletes the pass and leads to the logout endpoint")
    func signOut() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        try await visitor.enter()
        let answer = try await visitor.ask("/.martlet/sign-out")
        #expect(answer.headers[.location] == "https://id.example.com/logout")
        #expect(visitor.cookies["__Host-martlet-forward"] == nil)
        #expect(try await visitor.ask().status == .found)
    }

    @Test("one of the roles and all permissions are required, as assigned now")
    func roles() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let editor = Visitor(issuer, at: "https://press.example")
        try await editor.enter()
        #expect(try await editor.ask().status == .noContent)
        let reader = Visitor(issuer, at: "https://press.example")
        try await reader.enter(as: "bob", password: "battery staple")
        let refused = try await reader.ask()
        #expect(refused.status == .forbidden)
        #expect(try refused.page().hasError("denied"))
        #expect(
            try await reader.ask("/page", [.init("Sec-Fetch-Mode")!: "cors"]).json()["error"] == "insufficient_scope")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.withdraw(Membership(groups: ["press"]), from: alice.id)
        #expect(try await editor.ask().status == .forbidden)
    }

    @Test(
        "requests other than page navigations get 401, without cookie or redirect",
        arguments: [
            ["Accept": "application/json"], ["X-Requested-With": "XMLHttpRequest"], ["X-Forwarded-Method": "POST"],
            ["Sec-Fetch-Mode": "cors"], ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
        ])
    func programs(_ fields: [String: String]) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        var headers = HTTPFields()
        for (name, value) in fields { headers[HTTPField.Name(name)!] = value }
        for query in [nil, "redirect=manual"] {
            let answer = try await Visitor(issuer).ask(query: query, headers)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.location] == nil)
            #expect(answer.headers[.setCookie] == nil)
            #expect(answer.headers[.wwwAuthenticate] != nil)
        }
    }

    @Test("a proxy that asks for manual redirects gets the sign-in URL with the 401")
    func manual() async throws {
        let answer = try await Visitor(TestIssuer(resources: Self.resources)).ask(query: "redirect=manual")
        #expect(answer.status == .unauthorized)
        #expect(
            answer.headers[.location]?.hasPrefix("https://id.example.com/api/auth/forward/sign-in?request=") == true)
        #expect(answer.headers[.setCookie] != nil)
    }

    @Test(
        "an origin that is unregistered, or registered by two clients, is refused",
        arguments: [
            "https://evil.example", "https://wiki.example.evil.example", "https://wiki.example:443",
            "http://wiki.example", "https://notes.example", "https://twice.example", "https://twice.example:1",
        ])
    func origins(_ origin: String) async throws {
        let answer = try await Visitor(TestIssuer(resources: Self.resources), at: origin).ask()
        #expect(answer.status == .forbidden)
        #expect(answer.headers[.location] == nil)
    }

    @Test(
        "ambiguous forwarded headers are refused",
        arguments: [
            ("X-Forwarded-Host", "wiki.example@evil.example"), ("X-Forwarded-Host", "wiki.example/"),
            ("X-Forwarded-Host", "wiki.example, evil.example"), ("X-Forwarded-Host", "wiki.example\\@evil.example"),
            ("X-Forwarded-Host", ""), ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Proto", "https,http"),
            ("X-Forwarded-Uri", "@evil.example/"), ("X-Forwarded-Uri", "evil"), ("X-Forwarded-Uri", ""),
            ("X-Forwarded-Uri", ".evil.example/"), ("X-Forwarded-Uri", "/\\evil.example"),
            ("X-Forwarded-Uri", "/a b"), ("X-Forwarded-Uri", "/\u{e4}"),
        ])
    func malformed(_ name: String, _ value: String) async throws {
        let visitor = Visitor(try await TestIssuer(resources: Self.resources))
        let answer = try await visitor.ask("/page", [HTTPField.Name(name)!: value])
        #expect(answer.status == .badRequest)
        #expect(answer.headers[.location] == nil)
    }

    @Test("a path that looks like another host stays on the origin")
    func slashes() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let visitor = Visitor(issuer)
        _ = try await visitor.person.authorize(Browser.webRequest())
        let back = try await visitor.ask(visitor.callback(from: visitor.ask("//evil.example/x")))
        #expect(back.headers[.location] == "https://wiki.example//evil.example/x")
    }

    @Test("requests without the headers of a trusted proxy are refused")
    func nobody() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        #expect(try await issuer.send(.get, "/api/auth/forward").status == .badRequest)
        #expect(try await issuer.send(.get, "/api/auth/forward/sign-in").status == .badRequest)
        #expect(try await issuer.send(.get, "/api/auth/forward/sign-in", query: "request=x").status == .gone)
    }

    @Test("the page for a protected application has the upstreams of its client, and sends users on as for any client")
    func upstreams() async throws {
        func client(_ id: String, _ upstreams: String) -> String {
            """
            {"client_id": "\(id)", "token_endpoint_auth_method": "none", "grant_types": [], \(upstreams)
             "forward_auth": {"origins": ["https://\(id).example"]}}
            """
        }
        let resources = """
            {"clients": [\(client("wiki", #""upstreams": ["github"],"#)), \(client("notes", ""))],
             "upstreams": [\(UpstreamWays.domainless.joined(separator: ", "))]}
            """
        func page(_ id: String, _ issuer: TestIssuer) async throws -> Page {
            let visitor = Visitor(issuer, at: "https://\(id).example")
            let location = try #require(try await visitor.ask().headers[.location])
            return try await visitor.person.click(String(location.dropFirst(issuer.issuer.identifier.count))).page()
        }
        let issuer = try await TestIssuer(resources: resources)
        #expect(try await page("wiki", issuer).upstreamLinks.map(\.id) == ["github"])
        #expect(try await page("notes", issuer).upstreamLinks.map(\.id) == ["github", "google"])
        let only = try await TestIssuer(resources: resources) { $0.goesToOnlyUpstream = true }
        #expect(try await page("wiki", only).template == "upstream-redirect")
        #expect(try await page("notes", only).template == "sign-in")
    }

    @Test("a session that rests on an upstream stops counting when the client no longer lists it")
    func unlisted() async throws {
        let clock = TestClock()
        let upstream = try CannedUpstream(clock: clock)
        let user = try await UpstreamVisitor.linked(upstream, clock: clock)
        func protect(_ upstreams: String) async throws {
            try await user.issuer.apply(
                """
                {"clients": [{"client_id": "wiki", "token_endpoint_auth_method": "none", "grant_types": [],
                  "upstreams": \(upstreams), "forward_auth": {"origins": ["https://wiki.example"]}}]}
                """)
            clock.advance(by: 31)
        }
        try await protect(#"["up"]"#)
        _ = try await user.signIn(with: upstream)
        let visitor = Visitor(user.issuer, person: user.browser)
        _ = try await visitor.ask(visitor.callback(from: visitor.ask()))
        #expect(try await visitor.ask().status == .noContent)

        try await protect("[]")
        let location = try #require(try await visitor.ask().headers[.location])
        let page = try await user.browser.click(String(location.dropFirst(user.issuer.issuer.identifier.count))).page()
        #expect(page.template == "sign-in")
    }

    @Test(
        "invalid rules are refused with their location",
        arguments: [
            (#"{}"#, "origins"), (#"{"origins": []}"#, "origins"),
            (#"{"origins": ["https://a.example/"]}"#, "origins[0]"),
            (#"{"origins": ["http://a.example"]}"#, "origins[0]"),
            (#"{"origins": ["https://A.example"]}"#, "origins[0]"),
            (#"{"origins": ["http://localhost.evil.example"]}"#, "origins[0]"),
            (#"{"origins": ["https://*.example"]}"#, "origins[0]"), (#"{"origins": ["null"]}"#, "origins[0]"),
            (#"{"origins": ["https://a.example", "https://a.example"]}"#, "origins"),
            (#"{"origins": ["https://a.example"], "role": ["x"]}"#, "role"),
        ])
    func mistakes(_ rule: String, _ member: String) throws {
        let document = """
            {"clients": [{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none",
                "forward_auth": \(rule)}]}
            """
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet(JSONObject(parsing: Array(document.utf8)))
        }
        #expect(error?.problems.map(\.member).contains("clients[0].forward_auth.\(member)") == true)
    }
}

extension HTTPField.Name {
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let forwardedHost = HTTPField.Name("X-Forwarded-Host")!
    static let forwardedURI = HTTPField.Name("X-Forwarded-Uri")!
}
