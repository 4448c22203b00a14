import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9470 §3: resources that require a stronger or more recent sign-in")
struct StepUpChallengeTests {
    private static let moment = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(
        "the unmet part of a demand, for a sign-in one minute ago",
        arguments: [
            (.singleFactor, AuthenticationDemand(), AuthenticationDemand()),
            (.singleFactor, AuthenticationDemand(context: .singleFactor, maxAge: 60), AuthenticationDemand()),
            (.singleFactor, AuthenticationDemand(context: .multiFactor), AuthenticationDemand(context: .multiFactor)),
            (.phishingResistant, AuthenticationDemand(context: .multiFactor, maxAge: 61), AuthenticationDemand()),
            (.multiFactor, AuthenticationDemand(context: .multiFactor, maxAge: 59), AuthenticationDemand(maxAge: 59)),
            (
                .multiFactor, AuthenticationDemand(context: .phishingResistant, maxAge: 0),
                AuthenticationDemand(context: .phishingResistant, maxAge: 0)
            ),
        ] as [(AuthenticationContext, AuthenticationDemand, AuthenticationDemand)])
    func unmet(_ reached: AuthenticationContext, _ demand: AuthenticationDemand, _ left: AuthenticationDemand) {
        let signedInAt = Self.moment.addingTimeInterval(-60)
        #expect(demand.unmet(by: reached, at: signedInAt, now: Self.moment) == left)
    }

    @Test("a sign-in at an unknown time is never recent")
    func unknownTime() {
        let demand = AuthenticationDemand(maxAge: 86_400)
        #expect(demand.unmet(by: .phishingResistant, at: nil, now: Self.moment) == demand)
    }

    private func tokens(_ issuer: TestIssuer, _ browser: Browser, _ more: [(String, String)] = []) async throws
        -> JSONObject
    {
        try await issuer.redeem(browser.code(scope: "openid offline_access", more)).json()
    }

    private func ask(_ issuer: TestIssuer, _ path: String, _ token: String?, query: String? = nil) async throws
        -> Response
    {
        try await issuer.send(
            .get, path, query: query, headers: [.authorization: "Bearer \(token ?? "")"])
    }

    private static let webWithRule = """
        {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
            "scope": "openid offline_access", "redirect_uris": ["https://shop.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"], "minimum_acr": "urn:martlet:acr:2"}]}
        """
    private static let role = """
        {"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}],
         "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"]}]}
        """
    private static let challenge = """
        Bearer realm="martlet", error="insufficient_user_authentication", \
        error_description="a stronger sign-in is required", acr_values="urn:martlet:acr:2"
        """

    @Test(
        "a token from before a rule is challenged even after a refresh, and the requested step-up resolves it",
        arguments: [webWithRule, role])
    func raised(_ rule: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let before = try await tokens(issuer, browser)
        #expect(try await ask(issuer, "/userinfo", before["access_token"]?.string).status == .ok)
        try await issuer.apply(rule)
        // Longer than clients are cached.
        issuer.clock.advance(by: 120)
        let next = try await issuer.refresh(before["refresh_token"]?.string ?? "").json()
        for token in [before["access_token"]?.string, next["access_token"]?.string] {
            let refused = try await ask(issuer, "/userinfo", token)
            #expect(refused.status == .unauthorized)
            #expect(refused.headers[.wwwAuthenticate] == Self.challenge)
            let seen = try await ask(issuer, "/api/auth/validate", token)
            #expect(seen.problem == "insufficient_user_authentication")
        }

        // As a client does it (RFC 9470 §4): the same request, with the values of the challenge.
        let request = Browser.webRequest(scope: "openid", [("acr_values", "urn:martlet:acr:2")])
        let page = try await browser.get("/authorize", request).page()
        #expect(page.template == "enrol")
        let fields = [
            ("factor", "totp"), ("offer", page.text("totp", "offer")),
            ("code", try issuer.code(page.text("totp", "secret"))),
        ]
        var answer = try await browser.keepCodes(browser.submit(page, fields))
        if case .page(let consent) = answer.body {
            #expect(consent.template == "consent")
            answer = try await browser.submit(consent, [("decision", "allow")])
        }
        let after = try await issuer.redeem(answer.answer().required("code")).json()["access_token"]?.string
        #expect(try await ask(issuer, "/userinfo", after).status == .ok)
        let seen = try await ask(issuer, "/api/auth/validate", after, query: "acr_values=urn:martlet:acr:2").json()
        #expect(seen["acr"] == "urn:martlet:acr:2")
    }

    @Test("an issuer-wide requirement also applies to existing tokens")
    func issuerRaised() async throws {
        let lenient = try await TestIssuer()
        let token = try await tokens(lenient, Browser(lenient))["access_token"]?.string
        let strict = try await TestIssuer(resources: "{}", clock: lenient.clock, database: lenient.database) {
            $0.minimumContext = .multiFactor
        }
        #expect(try await ask(strict, "/userinfo", token).headers[.wwwAuthenticate] == Self.challenge)
        #expect(try await ask(strict, "/api/auth/validate", token).status == .unauthorized)
        #expect(try await ask(lenient, "/userinfo", token).status == .ok)
    }

    @Test("a remembered browser satisfies the rules, but not a gateway that asks for the acr")
    func remembered() async throws {
        let issuer = try await TestIssuer()
        try await issuer.apply(Self.webWithRule)
        let browser = Browser(issuer)
        func signIn(_ more: [(String, String)]) async throws -> Page {
            let form = try await browser.get("/authorize", Browser.webRequest(scope: "openid", more)).page()
            return try await browser.submit(form, [("username", "bob"), ("password", "battery staple")]).page()
        }
        let first = try await signIn([])
        _ = try await browser.submit(first, [("code", issuer.code()), ("remember", "yes")])
        issuer.clock.advance(by: 3_600)
        let consent = try await signIn([("prompt", "login")])
        let answer = try await browser.submit(consent, [("decision", "allow")]).answer()
        let token = try await issuer.redeem(answer.required("code")).json()["access_token"]?.string
        #expect(try JWTClaims.of(token)["acr"] == "urn:martlet:acr:1")
        #expect(try await ask(issuer, "/userinfo", token).status == .ok)
        #expect(try await ask(issuer, "/api/auth/validate", token).status == .ok)
        let strict = try await ask(issuer, "/api/auth/validate", token, query: "acr_values=urn:martlet:acr:2")
        #expect(strict.headers[.wwwAuthenticate] == Self.challenge)
    }

    @Test("a gateway can limit the age of the sign-in; a refresh doesn't make it more recent, but signing in does")
    func maxAge() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let first = try await tokens(issuer, browser)
        issuer.clock.advance(by: 300)
        let fresh = try await ask(issuer, "/api/auth/validate", first["access_token"]?.string, query: "max_age=300")
        #expect(fresh.status == .ok)
        issuer.clock.advance(by: 1)
        let next = try await issuer.refresh(first["refresh_token"]?.string ?? "").json()
        for token in [first["access_token"]?.string, next["access_token"]?.string] {
            let refused = try await ask(issuer, "/api/auth/validate", token, query: "max_age=300")
            #expect(refused.status == .unauthorized)
            #expect(refused.headers[.wwwAuthenticate]?.hasSuffix(", max_age=\"300\"") == true)
            let problem = try refused.json()
            #expect(problem["active"] == false)
            #expect(problem["max_age"] == 300)
            #expect(problem["acr_values"] == nil)
        }
        let again = try await tokens(issuer, browser, [("max_age", "300")])
        let passed = try await ask(issuer, "/api/auth/validate", again["access_token"]?.string, query: "max_age=300")
        #expect(passed.status == .ok)
    }

    @Test(
        "an unsatisfiable or malformed demand is refused, not ignored",
        arguments: [
            "acr_values=urn:martlet:acr:9", "acr_values=2%20gold", "max_age=-1", "max_age=soon", "acr_value=x",
            "max_age=1&max_age=9999",
        ])
    func misspelt(_ query: String) async throws {
        let issuer = try await TestIssuer()
        let token = try await tokens(issuer, Browser(issuer))["access_token"]?.string
        let refused = try await ask(issuer, "/api/auth/validate", token, query: query)
        #expect(refused.status == .badRequest)
        #expect(try refused.json()["active"] == nil)
    }

    @Test("any one of several acr values suffices, and unknown values don't count")
    func several() async throws {
        let issuer = try await TestIssuer()
        let token = try await tokens(issuer, Browser(issuer))["access_token"]?.string
        for (values, status) in [
            ("urn:martlet:acr:2%20urn:martlet:acr:1", HTTPResponse.Status.ok), ("gold%20urn:martlet:acr:1", .ok),
            ("gold%20urn:martlet:acr:2", .unauthorized), ("urn:martlet:acr:3%20urn:martlet:acr:2", .unauthorized),
        ] {
            let answer = try await ask(issuer, "/api/auth/validate", token, query: "acr_values=\(values)")
            #expect(answer.status == status)
        }
    }

    @Test("an invalid token isn't told which sign-in would be required")
    func notGood() async throws {
        let issuer = try await TestIssuer()
        let answer = try await ask(issuer, "/api/auth/validate", "x", query: "acr_values=urn:martlet:acr:3")
        #expect(answer.problem == "authentication_failed")
        #expect(answer.headers[.wwwAuthenticate]?.contains("acr") == false)
    }

    @Test(
        "a client's own token never satisfies a demand for a sign-in, role or permission",
        arguments: [
            ("acr_values=urn:martlet:acr:3&max_age=1", "insufficient_user_authentication"),
            ("acr_values=urn:martlet:acr:1", "insufficient_user_authentication"),
            ("max_age=86400", "insufficient_user_authentication"), ("role=admin", "insufficient_permissions"),
            ("permission=orders.read", "insufficient_permissions"),
        ])
    func machine(_ query: String, _ problem: String) async throws {
        let issuer = try await TestIssuer(resources: FrontEnd.resources)
        let own = try await FrontEnd(issuer).machineToken()
        let plain = try await ask(issuer, "/api/auth/validate", own)
        #expect(plain.status == .ok)
        #expect(try plain.json()["acr"] == nil)
        #expect(try await ask(issuer, "/api/auth/validate", own, query: query).problem == problem)
        #expect(try await ask(issuer, "/userinfo", own).headers[.wwwAuthenticate]?.contains("acr_values") == false)
    }

    @Test("the rules also apply to the first-party profile, but signing out still works")
    func profile() async throws {
        let issuer = try await TestIssuer()
        let front = FrontEnd(issuer)
        let token = try await front.login()["access_token"]?.string
        try await issuer.apply(Self.role)
        issuer.clock.advance(by: 120)
        let refused = try await front.get("self", token)
        #expect(refused.status == .unauthorized)
        #expect(refused.headers[.wwwAuthenticate] == Self.challenge)
        let problem = try refused.json()
        #expect(problem["type"] == "urn:martlet:problem:insufficient_user_authentication")
        #expect(problem["acr_values"] == "urn:martlet:acr:2")
        #expect(try await front.post("login", FrontEnd.alice).problem == "enrolment_required")
        #expect(try await front.post("logout", "", [.authorization: "Bearer \(token ?? "")"]).status == .noContent)
    }

    @Test("a challenged front end asks for a higher acr at login and gets it if the user has the factor")
    func login() async throws {
        let mailbox = TestMailbox()
        let issuer = try await TestIssuer(mailbox: mailbox)
        let front = FrontEnd(issuer)
        let plain = try await front.login()["access_token"]?.string
        let query = "acr_values=urn:martlet:acr:2"
        let refused = try await ask(issuer, "/api/auth/validate", plain, query: query)
        let wanted = try #require(try refused.json()["acr_values"]?.string)
        let due = try await front.post("login", FrontEnd.alice + #","acr_values":"\#(wanted)""#)
        #expect(due.problem == "factor_required")
        #expect(try due.json()["factors"] == ["email_code"])
        // A user without a further factor continues without one, and the token reports the acr reached.
        let none = try await TestIssuer()
        let answer = try await FrontEnd(none).login(FrontEnd.alice + #","acr_values":"\#(wanted)""#)
        #expect(try JWTClaims.of(answer["access_token"]?.string)["acr"] == "urn:martlet:acr:1")
    }

    @Test(
        "RFC 9470 §6: introspection returns acr and auth_time of JWT and opaque tokens, also after a refresh",
        arguments: ["orders.read", "reports.read"])
    func introspection(_ scope: String) async throws {
        let issuer = try await TestIssuer()
        let start = Int(issuer.clock.now.timeIntervalSince1970)
        let code = try await Browser(issuer).code(scope: "openid offline_access \(scope)")
        let tokens = try await issuer.redeem(code).json()
        issuer.clock.advance(by: 60)
        let next = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        for token in [tokens, next].map({ $0["access_token"]?.string ?? "" }) {
            let seen = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
            #expect(seen["acr"] == "urn:martlet:acr:1")
            #expect(seen["auth_time"] == .integer(start))
            if scope == "orders.read" {
                #expect(try JWTClaims.of(token)["acr"] == seen["acr"])
                #expect(try JWTClaims.of(token)["auth_time"] == seen["auth_time"])
            }
        }
    }
}
