import Crypto
import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Signing in at an upstream (OpenID Connect Core §3.1)")
struct UpstreamFlowTests {
    @Test("a linked user signs in, and the client gets a code", arguments: TestEngine.allCases)
    func linked(_ engine: TestEngine) async throws {
        let upstream = try CannedUpstream()
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream.resource()), database: TestDatabase(engine),
            fetcher: upstream)
        try await issuer.link("alice", to: "up")
        let answer = try await UpstreamVisitor(issuer).signIn(with: upstream).answer()
        let tokens = try await issuer.redeem(answer.required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["amr"] == ["fed"])
        #expect(claims["acr"] == "urn:martlet:acr:1")
        let alice = try await issuer.stores.users.find(named: "alice")
        #expect(claims["sub"]?.string == alice?.id.rawValue)
    }

    @Test("the request has its own state and nonce of 256 bits, PKCE with S256, and the upstream's own redirect URI")
    func request() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream, ["parameters": ["hd": "example.com"]])
        let first = try parameters(of: await visitor.leave())
        let second = try parameters(of: await visitor.leave())
        #expect(first["response_type"] == "code")
        #expect(first["client_id"] == "martlet")
        #expect(first["redirect_uri"] == "https://id.example.com/upstream/up/callback")
        #expect(first["scope"] == "openid profile email")
        #expect(first["code_challenge_method"] == "S256")
        #expect(first["hd"] == "example.com")
        #expect(first["response_mode"] == nil)
        for name in ["state", "nonce", "code_challenge"] {
            #expect(try Base64URL.decode(first.required(name)).count == 32)
            #expect(first[name] != second[name])
        }
        for name in ["prompt", "max_age", "login_hint", "ui_locales", "acr_values"] { #expect(first[name] == nil) }
        #expect(Set(["state", "nonce", "code_challenge"].map { first[$0] }).count == 3)
    }

    @Test(
        "prompt, max_age, login_hint, ui_locales and acr_values of the client are passed on",
        arguments: [
            ([("prompt", "login")], ["prompt": "login", "max_age": "0"]),
            ([("prompt", "select_account")], ["prompt": "select_account"]),
            ([("prompt", "select_account login")], ["prompt": "login select_account", "max_age": "0"]),
            ([("prompt", "consent")], [:]),
            ([("max_age", "600")], ["max_age": "600"]),
            ([("login_hint", "alice@example.com")], ["login_hint": "alice@example.com"]),
            ([("ui_locales", "de-CH fr")], ["ui_locales": "de-CH fr"]),
            ([("acr_values", "urn:martlet:acr:2")], ["acr_values": "gold platinum"]),
            ([("acr_values", "urn:martlet:acr:3")], ["acr_values": "platinum"]),
            ([("acr_values", "urn:martlet:acr:1")], [:]),
        ] as [([(String, String)], [String: String])])
    func passedOn(_ parameters: [(String, String)], expected: [String: String]) async throws {
        let upstream = try CannedUpstream()
        let assurance: JSONObject = [
            "acr": ["gold": "urn:martlet:acr:2", "platinum": "urn:martlet:acr:3", "tin": "urn:martlet:acr:1"]
        ]
        let visitor = try await UpstreamVisitor.linked(upstream, ["assurance": .object(assurance)])
        let location = try await visitor.leave(Browser.webRequest(parameters))
        let sent = try IdentityProviderTests.parameters(of: location)
        for name in ["prompt", "max_age", "login_hint", "ui_locales", "acr_values"] {
            #expect(sent[name] == expected[name], "\(name)")
        }
    }

    @Test("a sign-in that adds an account asks the upstream to let the user choose one there")
    func added() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        _ = try await visitor.signIn(with: upstream)
        let chooser = try await visitor.browser.get("/account/switch").page()
        let page = try await visitor.browser.submit(chooser, [("other", "yes")]).page()
        guard case .object(let section)? = page.data["upstreams"], case .list(let choices)? = section["choices"],
            case .object(let choice)? = choices.first, case .text(let href)? = choice["href"]
        else { throw Unexpected("the page offers no upstream") }
        let location = try #require(try await visitor.browser.follow(.redirect(to: href)).headers[.location])
        #expect(try parameters(of: location)["prompt"] == "select_account")
    }

    @Test("a demand of the client's registration or of the upstream's own rules asks for acr_values as well")
    func minimum() async throws {
        let upstream = try CannedUpstream()
        let assurance: JSONObject = ["acr": ["gold": "urn:martlet:acr:2"], "minimum_acr": "urn:martlet:acr:2"]
        let visitor = try await UpstreamVisitor.linked(upstream, ["assurance": .object(assurance)])
        #expect(try parameters(of: await visitor.leave())["acr_values"] == "gold")
    }

    @Test("the attempt is in a cookie for the callback alone; nothing but state is in the URL")
    func cookie() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let issuer = visitor.issuer
        let interaction = InteractionKeeper(issuer.core).make(.signIn(SignInRequest(location: "/account")))
        let registered = try #require(try await issuer.core.upstreams.findEnabled(Identifier(rawValue: "up")))
        let response = try await UpstreamStarter(issuer.core).start(
            registered, for: .signIn(interaction), in: Request(method: .get, path: "/sign-in"))
        let location = try #require(response.headers[.location])
        let state = try parameters(of: location).required("state")
        let cookie = try #require(response.headers[.setCookie])
        #expect(cookie.prefixMatch(of: /__Secure-martlet-upstream-[0-3]=/) != nil)
        for attribute in [
            "Path=/upstream/up/callback", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=86400",
        ] { #expect(cookie.contains("; \(attribute)"), "\(attribute)") }
        #expect(!cookie.contains(state))
        let finished = try await visitor.problemCookie(upstream)
        #expect(finished.contains("Max-Age=0"))
        #expect(finished.contains("Path=/upstream/up/callback"))
    }

    @Test(
        "a request that is too long for a cookie leads to the sign-in page with the password, even if it was on its way",
        arguments: ["", "up"])
    func tooLong(_ hint: String) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let browser = visitor.browser
        let request = Browser.webRequest([("login_hint", String(repeating: "a", count: 3_000)), ("idp_hint", hint)])
        var page = try await browser.get("/authorize", request).page()
        let location = hint.isEmpty ? page.upstreamLocation : page.text("continue_uri")
        let back = try await browser.follow(.redirect(to: location))
        page = try back.page()
        #expect(page.template == "sign-in")
        #expect(page.object("problem")["text"] == "text.upstream_too_long")
        #expect(!browser.cookieHeader.contains("martlet-upstream-"))
        let done = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(browser.cookie("session") != nil)
        #expect(try done.page().template == "consent")
    }

    @Test("an upstream has at most four attempts of one browser, however many are begun")
    func slots() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        var last = ""
        for _ in 0..<64 { last = try await visitor.leave() }
        #expect(visitor.browser.cookieHeader.split(separator: "martlet-upstream-").count == 5)
        #expect(try await visitor.comeBack(upstream.authorize(last)).upstreamProblem == nil)
    }

    @Test("of two tabs, the one that comes back after the other has signed in leads back to its client")
    func otherTab() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let (first, second) = try await visitor.leaveTwice()
        #expect(try await visitor.comeBack(upstream.authorize(first)).upstreamProblem == nil)
        let late = try await visitor.browser.follow(visitor.comeBack(upstream.authorize(second)))
        #expect(late.status == .gone)
        let next = try late.page().object("next")
        #expect(next["label"] == "text.next_application")
        guard case .text(let uri)? = next["uri"] else { throw Unexpected("no next step") }
        #expect(try await visitor.browser.follow(.redirect(to: uri)).page().template == "consent")
        #expect(upstream.asked("/token").count == 1)
    }

    @Test("Back at the upstream and another submission lead to the account page")
    func submittedTwice() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let answer = try await upstream.authorize(visitor.leave())
        #expect(try await visitor.comeBack(answer).upstreamProblem == nil)
        let again = try await visitor.comeBack(answer)
        #expect(again.status == .gone)
        #expect(try again.page().object("next")["label"] == "text.next_account")
        #expect(upstream.asked("/token").count == 1)
    }

    @Test(
        "a hint of our own pages stays here, unless it is an address that leads to the upstream",
        arguments: [("alice", nil), ("alice@other.example", nil), ("alice@up.example", "alice@up.example")])
    func ownHint(_ hint: String, expected: String?) async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream, ["domains": ["up.example"]])
        let issuer = visitor.issuer
        let visit = SignInRequest(location: "/account", loginHint: hint)
        let registered = try #require(try await issuer.core.upstreams.findEnabled(Identifier(rawValue: "up")))
        let response = try await UpstreamStarter(issuer.core).start(
            registered, for: .signIn(InteractionKeeper(issuer.core).make(.signIn(visit))),
            in: Request(method: .get, path: "/sign-in"))
        #expect(try response.answer()["login_hint"] == expected)
    }

    @Test("one browser can have several attempts in flight")
    func parallel() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let (first, _) = try await visitor.leaveTwice()
        let back = try await visitor.comeBack(upstream.authorize(first))
        #expect(back.upstreamProblem == nil)
        #expect(visitor.browser.cookie("session") != nil)
    }

    @Test("an attempt that takes longer than the interaction leads back to a page that starts over")
    func expired() async throws {
        let clock = TestClock()
        let upstream = try CannedUpstream(clock: clock)
        let visitor = try await UpstreamVisitor.linked(upstream, clock: clock)
        let location = try await visitor.leave()
        clock.advance(by: 1_801)
        let back = try await visitor.comeBack(upstream.authorize(location))
        #expect(back.upstreamProblem == "lost")
        let page = try await visitor.browser.follow(back)
        #expect(page.status == .gone)
        #expect(try page.page().object("next")["label"] == "text.next_application")
        #expect(upstream.asked("/token").isEmpty)
    }

    @Test("an unknown or disabled upstream has no callback")
    func unknown() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream, ["disabled": true])
        for path in ["/upstream/up/callback", "/upstream/other/callback", "/upstream/UP/callback"] {
            for method in [HTTPRequest.Method.get, .post] {
                let response = try await visitor.browser.request(
                    method, path, query: "state=s&code=c", form: [("state", "s"), ("code", "c")])
                #expect(response.status == .notFound)
            }
        }
    }

    @Test("tokens, session and auth_time of the upstream reach the identity; unusable ones don't")
    func identity() async throws {
        let upstream = try CannedUpstream()
        upstream.change {
            $0.tokens = ["refresh_token": "refresh-1", "scope": "openid email"]
            $0.claims = ["sid": "s-1", "auth_time": 1_799_999_990, "acr": "gold", "amr": ["pwd", "otp"]]
        }
        let assurance: JSONObject = ["amr": ["otp": "urn:martlet:acr:2"]]
        let visitor = try await UpstreamVisitor.linked(upstream, ["assurance": .object(assurance)])
        let identity = try await visitor.identity(upstream)
        #expect(identity.subject == "u-1")
        #expect(identity.session == "s-1")
        #expect(identity.context == .multiFactor)
        #expect(identity.authenticatedAt == Date(timeIntervalSince1970: 1_799_999_990))
        #expect(identity.tokens.accessToken == "access-1")
        #expect(identity.tokens.refreshToken == "refresh-1")
        #expect(identity.tokens.scope == "openid email")
        #expect(identity.tokens.expiresAt == Date(timeIntervalSince1970: 1_800_003_600))
        #expect(identity.claims["name"] == "Alice Liddell")
        upstream.change {
            $0.tokens = ["refresh_token": "a\nb", "expires_in": "soon"]
            $0.claims = ["sid": 7, "auth_time": .null]
        }
        let other = try await visitor.identity(upstream)
        #expect(other.session == nil)
        #expect(other.context == .singleFactor)
        #expect(other.authenticatedAt == nil)
        #expect(other.tokens.refreshToken == nil)
        #expect(other.tokens.expiresAt == nil)
    }
}

extension Page {
    /// The link to the only upstream.
    fileprivate var upstreamLocation: String {
        guard case .list(let choices)? = object("upstreams")["choices"], case .object(let choice)? = choices.first,
            case .text(let location)? = choice["href"]
        else { return "" }
        return location
    }
}

extension UpstreamVisitor {
    /// Leaves in two tabs whose attempts have different cookies.
    fileprivate func leaveTwice() async throws -> (first: String, second: String) {
        let first = try await leave()
        let kept = browser.cookieHeader
        while true {
            let second = try await leave()
            let cookies = Set(browser.cookieHeader.split(separator: "; "))
            guard !cookies.isSuperset(of: kept.split(separator: "; ")) else { return (first, second) }
            for cookie in kept.split(separator: "; ") { browser.add(cookie: String(cookie)) }
        }
    }

    /// Returns the `Set-Cookie` value of an attempt that has finished.
    fileprivate func problemCookie(_ canned: CannedUpstream) async throws -> String {
        let back = try await comeBack(canned.authorize(leave()))
        return back.headers[values: .setCookie].first { $0.contains("martlet-upstream-") } ?? ""
    }

    /// Redeems a code as the callback does.
    func identity(_ canned: CannedUpstream) async throws -> UpstreamIdentity {
        guard let registered = try await issuer.core.upstreams.findEnabled(Identifier(rawValue: upstream)) else {
            throw Unexpected("no upstream")
        }
        let client = UpstreamClient(issuer.core)
        let request = UpstreamRequest(
            upstream: registered, metadata: try await client.metadata(of: registered),
            redirectURI: "https://id.example.com/upstream/up/callback", state: "s", nonce: "n", verifier: "v")
        let parameters = Parameters(try canned.authorize(request.url).map { (name: $0.0, value: $0.1) })
        let exchange = UpstreamExchange(
            code: try parameters.required("code"), redirectURI: request.redirectURI, nonce: "n", verifier: "v",
            startedAt: issuer.clock.now, maxAge: nil)
        return try await client.identity(from: exchange, at: request.metadata, of: registered)
    }
}
