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
        #expect(cookie.hasPrefix("__Secure-martlet-upstream-\(state.prefix(16))="))
        for attribute in [
            "Path=/upstream/up/callback", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=1800",
        ] { #expect(cookie.contains("; \(attribute)"), "\(attribute)") }
        #expect(!cookie.contains(state))
        let finished = try await visitor.problemCookie(upstream)
        #expect(finished.contains("Max-Age=0"))
        #expect(finished.contains("Path=/upstream/up/callback"))
    }

    @Test("a request that is too long for a cookie is refused before the browser leaves")
    func tooLong() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let request = Browser.webRequest([("login_hint", String(repeating: "a", count: 3_000))])
        let error = await #expect(throws: OAuthError.self) { try await visitor.leave(request) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.description.contains("too long") == true)
    }

    @Test("several attempts of one browser are under way at once")
    func parallel() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let first = try await visitor.leave()
        _ = try await visitor.leave()
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
        #expect(try page.page().data["next"] != nil)
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

extension UpstreamVisitor {
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
