import SQLStorage
import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("The first-party API")
struct FirstPartyTests {
    @Test("a password yields tokens that work until the session ends", arguments: TestEngine.allCases)
    func way(_ engine: TestEngine) async throws {
        let front = try await FrontEnd(engine)
        let tokens = try await front.login()
        #expect(
            tokens.names.sorted() == [
                "access_token", "expires_in", "refresh_token", "scope", "token_type", "user_id",
            ])
        let access = try #require(tokens["access_token"]?.string)
        let profile = try await front.get("self", access).json()
        #expect(profile["user_id"] == tokens["user_id"])
        #expect(profile["name"] == "Alice Liddell")
        #expect(profile["roles"] == ["editor"])
        let validated = try await front.get("validate", access).json()
        #expect(validated["active"] == true)
        #expect(validated["sub"] == tokens["user_id"])
        #expect(validated["client_id"] == "first-party")
        #expect(validated["permissions"] == ["posts:write"])
        let next = try await front.refresh(tokens["refresh_token"]?.string ?? "").json()
        #expect(next["user_id"] == tokens["user_id"])
        let newer = try #require(next["access_token"]?.string)
        #expect(try await front.post("logout", "", [.authorization: "Bearer \(newer)"]).status == .noContent)
        for token in [access, newer] {
            #expect(try await front.get("validate", token).status == .unauthorized)
            #expect(try await front.get("self", token).status == .unauthorized)
        }
        #expect(try await front.refresh(next["refresh_token"]?.string ?? "").problem == "authentication_failed")
    }

    @Test("an email address works like a username, and logging out with a refresh token ends the session")
    func email() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login(
            #""email":"Alice@Example.com","password":"correct horse","client_id":"app","scope":"offline_access""#)
        #expect(tokens["scope"]?.string == "openid offline_access")
        front.issuer.clock.advance(by: 20 * 3_600)
        #expect(try await front.get("self", tokens["access_token"]?.string).status == .unauthorized)
        let refresh = #""refresh_token":"\#(tokens["refresh_token"]?.string ?? "")""#
        #expect(try await front.post("logout", refresh).status == .noContent)
        #expect(try await front.post("refresh", refresh).status == .unauthorized)
        #expect(try await front.post("logout", refresh).status == .noContent)
    }

    @Test("failed sign-ins all get the same response")
    func enumeration() async throws {
        let front = try await FrontEnd()
        var answers: [Response] = []
        for members in [
            #""username":"alice","password":"wrong horse""#, #""username":"nobody","password":"correct horse""#,
            #""username":"carol","password":"disabled one""#, #""email":"no@example.com","password":"correct horse""#,
            #""username":"bob","password":"wrong""#,
        ] { answers.append(try await front.post("login", members)) }
        for answer in answers {
            #expect(answer.status == .unauthorized)
            #expect(answer.problem == "authentication_failed")
            #expect(try answer.json() == answers[0].json())
            #expect(answer.headers == answers[0].headers)
        }
    }

    @Test("guessing is throttled as on the pages, and both share the limit")
    func throttled() async throws {
        let front = try await FrontEnd()
        var statuses: [HTTPResponse.Status] = []
        for _ in 0..<20 {
            statuses.append(try await front.post("login", #""username":"alice","password":"wrong horse""#).status)
        }
        #expect(statuses.first == .unauthorized)
        #expect(statuses.last == .tooManyRequests)
        let right = try await front.post("login", FrontEnd.alice)
        #expect(right.problem == "too_many_requests")
        #expect(right.headers[.retryAfter] != nil)
        let page = try await Browser(front.issuer).get("/authorize", Browser.webRequest(scope: "openid")).page()
        #expect(page.template == "sign-in")
        let browser = Browser(front.issuer)
        let form = try await browser.get("/authorize", Browser.webRequest(scope: "openid")).page()
        let refused = try await browser.submit(form, [("username", "alice"), ("password", "correct horse")])
        #expect(refused.status == .tooManyRequests)
    }

    @Test(
        "a third-party, unknown or disabled client is refused even if the password is right",
        arguments: ["web", "spa", "off", "nobody", ""])
    func thirdParty(_ client: String) async throws {
        let front = try await FrontEnd()
        let answer = try await front.post("login", FrontEnd.alice + #","client_id":"\#(client)""#)
        // An empty `client_id` counts as omitted.
        #expect(answer.problem == (client.isEmpty ? nil : "invalid_client"))
    }

    @Test("RFC 8707 §2: tokens at MFA and refresh cover only the APIs the client is registered for now")
    func resources() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login(FrontEnd.alice + #","client_id":"app""#)
        #expect(tokens["scope"]?.string == "openid profile posts")
        let ticket = try await front.login(FrontEnd.bob + #","client_id":"app""#)["ticket"]?.string ?? ""
        try await front.issuer.apply(
            """
            {"clients": [{"client_id": "app", "token_endpoint_auth_method": "none", "grant_types": ["refresh_token"],
             "first_party": true, "scope": "openid profile offline_access"}]}
            """)
        front.issuer.clock.advance(by: 31)
        let next = try await front.refresh(tokens["refresh_token"]?.string ?? "").json()
        let shown = try await front.mfa(ticket, front.code()).json()
        for answer in [next, shown] {
            #expect(answer["scope"]?.string == "openid profile")
            #expect(try JWTClaims.of(answer["access_token"]?.string)["aud"] == "https://id.example.com")
        }
    }

    @Test("if the built-in client is switched off, it is unknown and its tokens stop working")
    func withoutBuiltIn() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login()
        let (access, refresh) = (tokens["access_token"]?.string, tokens["refresh_token"]?.string ?? "")
        let strict = FrontEnd(
            try await TestIssuer(
                resources: FrontEnd.resources, clock: front.issuer.clock, database: front.issuer.database
            ) { $0.hasBuiltInClient = false })
        for members in [FrontEnd.alice, FrontEnd.alice + #","client_id":"first-party""#] {
            #expect(try await strict.post("login", members).problem == "invalid_client")
        }
        #expect(try await strict.get("self", access).status == .unauthorized)
        #expect(try await strict.refresh(refresh).status == .unauthorized)
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "first-party")]
        #expect(try await strict.issuer.send(.post, "/token", form: form).json()["error"] == "invalid_client")
        #expect(try await strict.post("login", FrontEnd.alice + #","client_id":"app""#).status == .ok)

        let fresh = FrontEnd(
            try await TestIssuer(resources: FrontEnd.resources) { $0.hasBuiltInClient = false })
        #expect(try await fresh.post("login", FrontEnd.alice).problem == "invalid_client")
        #expect(try await fresh.issuer.stores.clients.find(Identifier(rawValue: "first-party")) == nil)
    }

    @Test("the built-in client can be disabled")
    func builtIn() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login()
        let client = try #require(try await front.issuer.stores.clients.find(Identifier(rawValue: "first-party")))
        try await front.issuer.administration.setDisabled(true, client)
        let other = try await TestIssuer(
            resources: "{}", clock: front.issuer.clock, database: front.issuer.database)
        #expect(try await other.call(.post, "/api/auth/login", "{\(FrontEnd.alice)}").problem == "invalid_client")
        let field: HTTPFields = [.authorization: "Bearer \(tokens["access_token"]?.string ?? "")"]
        #expect(try await other.call(.get, "/api/auth/self", headers: field).status == .unauthorized)
    }

    @Test("if a second factor is required, a ticket is returned instead of tokens, and the code redeems it")
    func factor() async throws {
        let front = try await FrontEnd()
        let answer = try await front.post("login", FrontEnd.bob)
        #expect(answer.status == .forbidden)
        #expect(answer.problem == "factor_required")
        #expect(try answer.json()["factors"] == ["totp"])
        #expect(try answer.json()["access_token"] == nil)
        let done = try await front.mfa(answer.json()["ticket"]?.string ?? "", front.code())
        let tokens = try done.json()
        #expect(done.status == .ok)
        let claims = try JWT.unverifiedClaims(of: tokens["access_token"]?.string ?? "")
        #expect(claims["amr"] == ["pwd", "otp", "mfa"])
        #expect(claims["acr"] == "urn:martlet:acr:2")
    }

    @Test("a ticket works once, for its client, with a requested factor, for ten minutes")
    func ticket() async throws {
        let front = try await FrontEnd()
        let ticket = try await front.ticket()
        let code = try front.code()
        for (factor, more, code) in [
            ("totp", #","client_id":"app""#, code), ("recovery_code", "", code), ("passkey", "", code),
            ("password", "", "battery staple"), ("totp", "", "000000"),
        ] {
            let refused = try await front.mfa(ticket, code, factor: factor, more)
            #expect(refused.status == .unauthorized)
            #expect(refused.problem == "authentication_failed")
        }
        let statuses = try await race(6) { _ in try await front.mfa(ticket, code).status }
        #expect(statuses.count { $0 == .ok } == 1)
        front.issuer.clock.advance(by: 30)
        #expect(try await front.mfa(ticket, front.code()).status == .unauthorized)
        let late = try await front.ticket()
        front.issuer.clock.advance(by: 600)
        #expect(try await front.mfa(late, front.code()).status == .unauthorized)
        #expect(try await front.mfa("nonsense", "123456").status == .unauthorized)
    }

    @Test("a ticket is void after the password changes or the user is disabled")
    func changed() async throws {
        let front = try await FrontEnd()
        let bob = try #require(try await front.issuer.stores.users.find(named: "bob"))
        let ticket = try await front.ticket()
        try await front.issuer.administration.setPassword("another password", of: bob)
        #expect(try await front.mfa(ticket, front.code()).status == .unauthorized)
        let answer = try await front.login(#""username":"bob","password":"another password""#)
        let later = try #require(try await front.issuer.stores.users.find(named: "bob"))
        try await front.issuer.administration.setDisabled(true, later)
        #expect(try await front.mfa(answer["ticket"]?.string ?? "", front.code()).status == .unauthorized)
    }

    @Test("code guessing is throttled as on the pages")
    func guessing() async throws {
        let front = try await FrontEnd()
        let ticket = try await front.ticket()
        var last = HTTPResponse.Status.ok
        for _ in 0..<12 { last = try await front.mfa(ticket, "000000").status }
        #expect(last == .tooManyRequests)
        #expect(try await front.mfa(front.ticket(), front.code()).status == .tooManyRequests)
    }

    @Test("a user without a factor that the client requires is told to enroll and gets no tokens")
    func enrolment() async throws {
        let front = try await FrontEnd()
        let answer = try await front.post("login", FrontEnd.alice + #","client_id":"safe""#)
        #expect(answer.status == .forbidden)
        #expect(answer.problem == "enrolment_required")
        #expect(try answer.json()["ticket"] == nil)
        #expect(try answer.json()["enrolment_uri"] == "https://id.example.com/account")
        let alice = try #require(try await front.issuer.stores.users.find(named: "alice"))
        #expect(try await front.issuer.stores.sessions.sessions(of: alice.id, at: front.issuer.clock.now).isEmpty)
    }

    @Test("a replayed refresh token revokes the authorization and its tokens", arguments: TestEngine.allCases)
    func reuse(_ engine: TestEngine) async throws {
        let front = try await FrontEnd(engine)
        let first = try await front.login()["refresh_token"]?.string ?? ""
        let second = try await front.refresh(first).json()
        front.issuer.clock.advance(by: 31)
        #expect(try await front.refresh(first).problem == "authentication_failed")
        #expect(try await front.refresh(second["refresh_token"]?.string ?? "").status == .unauthorized)
        #expect(try await front.get("validate", second["access_token"]?.string).status == .unauthorized)
    }

    @Test("a refresh token of another or a third-party client is refused and keeps working")
    func foreignRefresh() async throws {
        let front = try await FrontEnd()
        let own = try await front.login()["refresh_token"]?.string ?? ""
        let named = #""refresh_token":"\#(own)","client_id":"app""#
        #expect(try await front.post("refresh", named).status == .unauthorized)
        #expect(try await front.refresh(own).status == .ok)
        let web = try await front.issuer.redeem(Browser(front.issuer).code(scope: "openid")).json()
        let theirs = web["refresh_token"]?.string ?? ""
        #expect(try await front.refresh(theirs).status == .unauthorized)
        #expect(try await front.post("logout", #""refresh_token":"\#(theirs)""#).status == .unauthorized)
        #expect(try await front.issuer.refresh(theirs).status == .ok)
    }

    @Test("other clients' tokens can't read the profile or log out, and validate doesn't reveal roles to them")
    func foreignAccess() async throws {
        let front = try await FrontEnd()
        let web = try await front.issuer.redeem(Browser(front.issuer).code(scope: "openid posts")).json()
        let access = web["access_token"]?.string ?? ""
        #expect(try await front.get("self", access).status == .unauthorized)
        #expect(try await front.post("logout", "", [.authorization: "Bearer \(access)"]).status == .unauthorized)
        let answer = try await front.get("validate", access).json()
        #expect(answer["active"] == true)
        #expect(["roles", "groups", "permissions", "username"].allSatisfy { answer[$0] == nil })
        let own = try await front.issuer.token([("grant_type", "client_credentials"), ("scope", "posts")]).json()
        // The audience is the API only, not the issuer.
        #expect(try await front.get("validate", own["access_token"]?.string).status == .unauthorized)
        let issuers = try await front.machineToken()
        let machine = try await front.get("validate", issuers).json()
        #expect(machine["sub"] == "machine")
        #expect(try await front.get("self", issuers).status == .unauthorized)
    }

    @Test(
        "a gateway can require roles and permissions: all of them, as assigned now",
        arguments: [
            ("role=editor", 200), ("permission=posts:write", 200), ("role=editor&permission=posts:write", 200),
            ("permission=posts:write%20posts:write", 200), ("role=chief", 403), ("role=editor%20chief", 403),
            ("role=editor&permission=posts:delete", 403), ("permission=editor", 403), ("role=Editor", 403),
            ("role=edit", 403), ("role=", 400), ("permission=%20", 400), ("roles=editor", 400),
            ("role=editor&role=chief", 400), ("role=chief&acr_values=urn:martlet:acr:2", 401),
        ])
    func demanded(_ query: String, _ status: Int) async throws {
        let front = try await FrontEnd()
        let token = try await front.login()["access_token"]?.string ?? ""
        func ask(_ token: String) async throws -> Response {
            try await front.issuer.send(
                .get, "/api/auth/validate", query: query, headers: [.authorization: "Bearer \(token)"])
        }
        let answer = try await ask(token)
        #expect(answer.status.code == status)
        if status == 200 { #expect(try answer.json()["active"] == true) }
        guard status == 403 else { return }
        #expect(answer.problem == "insufficient_permissions")
        #expect(try answer.json()["active"] == true)
        #expect(try await ask("nonsense").status == .unauthorized)
    }

    @Test("a requirement reveals nothing the token may not, and a withdrawn role no longer counts")
    func untold() async throws {
        let front = try await FrontEnd()
        func ask(_ token: String?) async throws -> Response {
            try await front.issuer.send(
                .get, "/api/auth/validate", query: "role=editor", headers: [.authorization: "Bearer \(token ?? "")"])
        }
        let web = try await front.issuer.redeem(Browser(front.issuer).code(scope: "openid posts")).json()
        #expect(try await ask(web["access_token"]?.string).problem == "insufficient_permissions")
        #expect(try await ask(front.machineToken()).problem == "insufficient_permissions")

        let own = try await front.login()["access_token"]?.string
        #expect(try await ask(own).status == .ok)
        let alice = try #require(try await front.issuer.stores.users.find(named: "alice"))
        try await front.issuer.administration.withdraw(Membership(roles: ["editor"]), from: alice.id)
        #expect(try await ask(own).status == .forbidden)
    }

    @Test("ID Tokens, refresh tokens, garbage and missing tokens are not access tokens")
    func noToken() async throws {
        let front = try await FrontEnd()
        let refresh = try await front.login()["refresh_token"]?.string
        let web = try await front.issuer.redeem(Browser(front.issuer).code(scope: "openid")).json()
        for token in [refresh, web["id_token"]?.string, "nonsense", "", nil] {
            let answer = try await front.get("validate", token)
            #expect(answer.status == .unauthorized)
            #expect(try answer.json()["active"] == false)
            #expect(answer.headers[.wwwAuthenticate] != nil)
        }
    }

    @Test("ending the session elsewhere revokes the API's tokens")
    func ended() async throws {
        let front = try await FrontEnd()
        let tokens = try await front.login()
        let alice = try #require(try await front.issuer.stores.users.find(named: "alice"))
        try await front.issuer.stores.sessions.endAll(of: alice.id, at: front.issuer.clock.now)
        #expect(try await front.get("self", tokens["access_token"]?.string).status == .unauthorized)
        #expect(try await front.refresh(tokens["refresh_token"]?.string ?? "").status == .unauthorized)
    }

    @Test("a login neither uses nor replaces the browser's session")
    func browserSession() async throws {
        let front = try await FrontEnd()
        let browser = Browser(front.issuer)
        _ = try await browser.code(scope: "openid")
        let answer = try await front.post("login", FrontEnd.alice, [.cookie: browser.cookieHeader])
        #expect(answer.headers[.setCookie] == nil)
        let silent = Browser.webRequest(scope: "openid", [("prompt", "none")])
        #expect(try await browser.get("/authorize", silent).answer()["code"] != nil)
    }

    @Test("a login commits twice, a refresh once, and validating and reading never", arguments: TestEngine.allCases)
    func budget(_ engine: TestEngine) async throws {
        let front = try await FrontEnd(engine)
        _ = try await front.login()
        let database = front.issuer.database.database
        func commits(_ work: () async throws -> Void) async throws -> Int {
            let before = database.committedUnits
            try await work()
            return database.committedUnits - before
        }
        var tokens: JSONObject = [:]
        #expect(try await commits { tokens = try await front.login() } == 2)
        let reads = try await commits {
            for _ in 0..<3 {
                _ = try await front.get("validate", tokens["access_token"]?.string)
                _ = try await front.get("self", tokens["access_token"]?.string)
            }
        }
        #expect(reads == 0)
        #expect(try await commits { _ = try await front.refresh(tokens["refresh_token"]?.string ?? "") } == 1)
    }
}
