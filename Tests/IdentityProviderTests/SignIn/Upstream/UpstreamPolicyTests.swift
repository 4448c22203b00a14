import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("An upstream's sign-in is judged by the same policy as a password")
struct UpstreamPolicyTests {
    private static let plain = shown(.singleFactor)
    private static let vouched = shown(.multiFactor)
    private static let resistant = shown(.phishingResistant)
    private static let touch = ShownFactor.passkey(verifiesUser: false, isHardware: true)

    private static func shown(_ context: AuthenticationContext) -> ShownFactor {
        let session = UpstreamSession(upstream: Identifier(rawValue: "up"), subject: "u-1")
        return .upstream(UpstreamSignIn(session, context: context, authenticatedAt: nil))
    }

    static let table: [PolicyCase] = [
        // Alone it is one factor, whatever the upstream did, unless its assurance rules vouch for more.
        PolicyCase(shown: [plain], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(shown: [vouched], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(minimum: .multiFactor, shown: [plain], expected: .enrol([.totp, .passkey])),
        PolicyCase(minimum: .multiFactor, shown: [vouched], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            minimum: .phishingResistant, shown: [resistant], expected: .accept(.phishingResistant, trustsDevice: false)),
        // A second factor that the user enrolled is asked for, unless the upstream vouches for as much.
        PolicyCase(shown: [plain], enrolled: [.totp], expected: .ask([.totp])),
        PolicyCase(shown: [plain, .totp], enrolled: [.totp], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(shown: [vouched], enrolled: [.totp], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            shown: [plain, touch], enrolled: [.passkey], expected: .accept(.phishingResistant, trustsDevice: false)),
        // The mailbox may be all that the account at the upstream rests on.
        PolicyCase(minimum: .multiFactor, shown: [plain], enrolled: [.emailCode], expected: .ask([.emailCode])),
        PolicyCase(
            minimum: .multiFactor, shown: [plain, .emailCode], enrolled: [.emailCode],
            expected: .enrol([.totp, .passkey])),
        // What nobody vouches for takes a passkey.
        PolicyCase(minimum: .phishingResistant, shown: [vouched], enrolled: [.passkey], expected: .ask([.passkey])),
        PolicyCase(minimum: .phishingResistant, shown: [vouched], expected: .enrol([.passkey])),
        PolicyCase(
            minimum: .phishingResistant, shown: [vouched, .totp], enrolled: [.totp], expected: .enrol([.passkey])),
        // A remembered browser stands in for the second factor that the user has.
        PolicyCase(
            shown: [plain], enrolled: [.totp], isRemembered: true, expected: .accept(.singleFactor, trustsDevice: true)),
        PolicyCase(
            minimum: .phishingResistant, shown: [plain], enrolled: [.passkey], isRemembered: true,
            expected: .ask([.passkey])),
        // A client can ask for more than the upstream gives.
        PolicyCase(asked: .multiFactor, shown: [plain], enrolled: [.totp], expected: .ask([.totp])),
        PolicyCase(asked: .multiFactor, shown: [plain], expected: .accept(.singleFactor, trustsDevice: false)),
        // Nobody has to enroll a factor because they have an email address.
        PolicyCase(
            asked: .multiFactor, shown: [plain], enrolled: [.emailCode],
            expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(asked: .multiFactor, shown: [.password], enrolled: [.emailCode], expected: .ask([.emailCode])),
    ]

    @Test("the policy decides by what was shown, enrolled and vouched for", arguments: table)
    func decide(_ row: PolicyCase) {
        let policy = SignInPolicy(minimum: row.minimum, asked: row.asked)
        let ruling = policy.decide(shown: row.shown, enrolled: row.enrolled, isRemembered: row.isRemembered)
        #expect(ruling == row.expected)
    }

    @Test("a sign-in that is unusual takes any second factor the user has, but an emailed code adds nothing")
    func suspicious() {
        let policy = SignInPolicy()
        func decide(_ shown: [ShownFactor], _ enrolled: Set<Factor>) -> SignInPolicy.Ruling {
            policy.decide(shown: shown, enrolled: enrolled, isRemembered: true, isSuspicious: true)
        }
        #expect(decide([Self.plain], [.totp]) == .ask([.totp]))
        #expect(decide([Self.plain], []) == .accept(.singleFactor, trustsDevice: false))
        #expect(decide([Self.plain], [.emailCode]) == .accept(.singleFactor, trustsDevice: false))
        #expect(decide([Self.plain, .totp], [.totp]) == .accept(.multiFactor, trustsDevice: false))
    }

    private static let assurance: JSONObject = [
        "assurance": ["acr": ["gold": "urn:martlet:acr:2"], "amr": ["hwk": "urn:martlet:acr:3"]]
    ]

    @Test(
        "acr and amr of the upstream count as its rules say, and unknown ones as one factor",
        arguments: [
            ([:], "urn:martlet:acr:1"), (["acr": "gold"], "urn:martlet:acr:2"), (["acr": "Gold"], "urn:martlet:acr:1"),
            (["acr": "urn:martlet:acr:3"], "urn:martlet:acr:1"), (["amr": ["pwd", "hwk"]], "urn:martlet:acr:3"),
            (["amr": ["mfa"]], "urn:martlet:acr:1"), (["acr": "gold", "amr": ["hwk"]], "urn:martlet:acr:3"),
        ] as [(JSONObject, String)])
    func vouching(_ claims: JSONObject, _ acr: String) async throws {
        let house = try await UpstreamCase(Self.assurance)
        try await house.issuer.link("alice", to: "up")
        house.upstream.change { $0.claims = claims }
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        let session = try await house.session(visitor.browser)
        #expect(session.acr == acr)
        #expect(session.amr == (acr == "urn:martlet:acr:1" ? ["fed"] : ["fed", "mfa"]))
    }

    @Test("a client's minimum_acr may be more than any sign-in of the upstream reaches")
    func minimum() async throws {
        let house = try await UpstreamCase(Self.assurance)
        try await house.issuer.link("alice", to: "up")
        try await house.issuer.apply(
            """
            {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
              "redirect_uris": ["https://shop.example/callback"], "minimum_acr": "urn:martlet:acr:3"}]}
            """)
        house.upstream.change { $0.claims = ["acr": "gold"] }
        let request = Browser.webRequest(scope: "openid")
        #expect(try await house.arrive(house.visitor(), request).page().template == "enrol")
        house.upstream.change { $0.claims = ["amr": ["hwk"]] }
        let visitor = house.visitor()
        _ = try await house.arrive(visitor, request)
        #expect(try await house.session(visitor.browser).acr == "urn:martlet:acr:3")
    }

    @Test("a user with an authenticator app is asked for its code, and remembers the browser with it")
    func secondFactor() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("bob", to: "up")
        let visitor = house.visitor()
        let page = try await house.arrive(visitor).page()
        #expect(page.template == "second-factor")
        await #expect(throws: Unexpected.self) { try await house.session(visitor.browser) }
        _ = try await visitor.browser.submit(page, [("code", try house.issuer.code()), ("remember", "yes")])
        let session = try await house.session(visitor.browser)
        #expect(session.amr == ["fed", "otp", "mfa"] && session.upstream?.subject == "u-1")
        house.issuer.clock.advance(by: 3_600)
        _ = try await house.arrive(visitor, Browser.webRequest([("prompt", "login")]))
        let remembered = try await house.session(visitor.browser)
        #expect(remembered.trustsDevice && remembered.amr == ["fed"])
    }

    @Test("stepping up asks a local factor, and the session still rests on the upstream")
    func stepUp() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        let before = try await house.session(visitor.browser)
        try await house.issuer.enroll("alice")
        house.issuer.clock.advance(by: 3_600)
        let wish = Browser.webRequest([("acr_values", "urn:martlet:acr:2")])
        let page = try await visitor.browser.get("/authorize", wish).page()
        #expect(page.template == "second-factor")
        _ = try await visitor.browser.submit(page, [("code", try house.issuer.code())])
        let after = try await house.session(visitor.browser)
        #expect(
            (after.id, after.upstream, after.authenticatedAt) == (before.id, before.upstream, before.authenticatedAt))
        #expect(after.amr == ["fed", "otp", "mfa"] && after.acr == "urn:martlet:acr:2")
        // Once more, to a passkey: what the app showed is still known.
        #expect(try await visitor.browser.get("/authorize", wish).page().template == "consent")
        #expect(try await house.issuer.records("stepped_up").last?.factor == "totp")
    }

    @Test("the upstream's auth_time is that of the session, and of the ID Token")
    func authTime() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let old = Int(house.issuer.clock.now.timeIntervalSince1970) - 3_600
        house.upstream.change { $0.claims = ["auth_time": .integer(old)] }
        let visitor = house.visitor()
        let answer = try await visitor.signIn(with: house.upstream).answer()
        let tokens = try await house.issuer.redeem(answer.required("code")).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["auth_time"] == .integer(old))
        // It isn't a recent sign-in for the account page either.
        #expect(try await visitor.browser.get("/account/passkeys").page().template == "sign-in")
    }

    @Test(
        "an upstream that doesn't say when the user signed in proves no recent sign-in, unless the operator assumes one",
        arguments: [(false, JSON.null), (false, 0), (true, .null)] as [(Bool, JSON)])
    func unknownTime(_ isAssumed: Bool, _ sent: JSON) async throws {
        let house = try await UpstreamCase(isAssumed ? ["assurance": ["reauthentication": "assumed"]] : [:])
        try await house.issuer.link("alice", to: "up")
        house.upstream.change { $0.claims = ["auth_time": sent] }
        let visitor = house.visitor()
        let answer = try await visitor.signIn(with: house.upstream).answer()
        #expect(try await house.session(visitor.browser).provesTime == isAssumed)
        let tokens = try await house.issuer.redeem(answer.required("code")).json()
        for name in ["id_token", "access_token"] {
            #expect(try (JWTClaims.of(tokens[name]?.string)["auth_time"] != nil) == isAssumed)
        }
        // Someone who finds the browser could have come silently through the upstream's session.
        let page = try await visitor.browser.get("/account/passkeys").page()
        #expect(page.template == (isAssumed ? "passkeys" : "sign-in"))
        let recent = try await visitor.browser.get("/authorize", Browser.webRequest([("max_age", "60")]))
        #expect(try (recent.status == .ok ? recent.page().template : nil) == (isAssumed ? nil : "sign-in"))
    }

    private static let strict = """
        {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
          "redirect_uris": ["https://shop.example/callback"], "minimum_acr": "urn:martlet:acr:2"}]}
        """

    @Test("a new account that needs a factor is sent back to the upstream from a page, since a form can't lead there")
    func enrollmentAfterForm() async throws {
        let house = try await UpstreamCase(["sign_up": "ask"])
        try await house.issuer.apply(Self.strict)
        house.upstream.change { $0.claims = ["auth_time": .null] }
        let visitor = house.visitor()
        let page = try await house.arrive(visitor, Browser.webRequest(scope: "openid")).page()
        let next = try await visitor.browser.submit(page, [("action", "create"), ("username", "octocat")])
        #expect(try next.page().template == "upstream-redirect")
        let href = try #require(next.refresh)
        let location = try #require(try await visitor.browser.click(href).headers[.location])
        #expect(location.contains("prompt=login") && location.contains("max_age=0"))
    }

    @Test(
        "a factor is added only after a recent sign-in at the upstream, which is asked for", arguments: [true, false])
    func enrollment(isKnown: Bool) async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        try await house.issuer.apply(Self.strict)
        let old = Int(house.issuer.clock.now.timeIntervalSince1970) - 3_600
        house.upstream.change { $0.claims = ["auth_time": isKnown ? .integer(old) : .null] }
        let visitor = house.visitor()
        let back = try await house.comeBack(visitor, Browser.webRequest(scope: "openid"))
        let again = try #require(back.headers[.location])
        #expect(again.hasPrefix("/sign-in/upstream?"))
        let query = try #require(again.split(separator: "?").last)
        let leaving = try await visitor.browser.request(.get, "/sign-in/upstream", query: String(query))
        let location = try #require(leaving.headers[.location])
        #expect(location.contains("prompt=login") && location.contains("max_age=0"))
        // The upstream answers from its old session, or asks the user.
        #expect(try await visitor.comeBack(house.upstream.authorize(location)).upstreamProblem == "stale")
        house.upstream.change { $0.claims = [:] }
        #expect(try await house.arrive(visitor, Browser.webRequest(scope: "openid")).page().template == "enrol")
    }

    @Test("a client that doesn't list the upstream accepts no session that rests on it")
    func otherClients() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let visitor = house.visitor()
        _ = try await house.arrive(visitor)
        try await house.issuer.apply(
            """
            {"clients": [{"client_id": "bank", "client_secret": "bank-secret-bank-secret-bank-secret",
              "redirect_uris": ["https://shop.example/callback"], "upstreams": []}]}
            """)
        let request = Browser.webRequest(scope: "openid").map { $0.0 == "client_id" ? ("client_id", "bank") : $0 }
        #expect(try await visitor.browser.get("/authorize", request).page().template == "sign-in")
        let silent = request + [("prompt", "none")]
        #expect(try await visitor.browser.get("/authorize", silent).answer().required("error") == "login_required")
        let page = try await visitor.browser.get("/authorize", request).page()
        #expect(try await visitor.browser.signIn(on: page).page().template == "consent")
    }

    @Test("a refresh token lives as long as the session, however old the sign-in at the upstream is")
    func refresh() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let old = Int(house.issuer.clock.now.timeIntervalSince1970) - 13 * 3_600
        house.upstream.change { $0.claims = ["auth_time": .integer(old)] }
        let visitor = house.visitor()
        let answer = try await visitor.signIn(with: house.upstream).answer()
        let tokens = try await house.issuer.redeem(answer.required("code")).json()
        house.issuer.clock.advance(by: 11 * 3_600)
        let form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]?.string ?? "")]
        #expect(try await house.issuer.token(form).status == .ok)
    }

    @Test("a sign-in there that is as new as the request is new here, even if the clock there is a little behind")
    func skew() async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let visitor = house.visitor()
        let behind = Int(house.issuer.clock.now.timeIntervalSince1970) - 20
        house.upstream.change { $0.claims = ["auth_time": .integer(behind)] }
        let login = Browser.webRequest([("prompt", "login")])
        #expect(try await house.arrive(visitor, login).page().template == "consent")
        #expect(try await house.session(visitor.browser).authenticatedAt == house.issuer.clock.now)
    }

    @Test(
        "for max_age and prompt=login, an old sign-in at the upstream is not enough", arguments: ["login", "max_age"])
    func fresh(_ kind: String) async throws {
        let house = try await UpstreamCase()
        try await house.issuer.link("alice", to: "up")
        let visitor = house.visitor()
        let old = Int(house.issuer.clock.now.timeIntervalSince1970) - 3_600
        house.upstream.change { $0.claims = ["auth_time": .integer(old)] }
        let request = Browser.webRequest(kind == "login" ? [("prompt", "login")] : [("max_age", "60")])
        #expect(try await house.comeBack(visitor, request).upstreamProblem == "stale")
        await #expect(throws: Unexpected.self) { try await house.session(visitor.browser) }
    }
}
