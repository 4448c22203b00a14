import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Limits per client address: failed sign-ins, on all nodes", .timeLimit(.minutes(5)))
struct SignInLimitTests {
    private let office = "203.0.113.9"

    private func login(_ issuer: TestIssuer, _ name: String, _ password: String, from address: String) async throws
        -> Response
    {
        try await issuer.call(
            .post, "/api/auth/login", #"{"username":"\#(name)","password":"\#(password)"}"#, from: address)
    }

    private static let limit = RateLimit(burst: 30, perMinute: 60)

    private func node(_ database: TestDatabase, _ clock: TestClock) async throws -> TestIssuer {
        try await TestIssuer(clock: clock, database: database) { $0.limits = Limits() }
    }

    @Test("500 colleagues behind one address who sign in at once meet no limit")
    func office() async throws {
        let users = (0..<500).map { #"{"username": "user-\#($0)", "password": "correct horse"}"# }
        let issuer = try await TestIssuer(resources: #"{"users": [\#(users.joined(separator: ","))]}"#) {
            $0.limits = Limits()
        }
        let statuses = try await race(500) { number in
            try await login(issuer, "user-\(number)", "correct horse", from: office).status
        }
        #expect(statuses.allSatisfy { $0 == .ok })
    }

    @Test("guesses from one address meet the limit, on each node and at once", arguments: TestEngine.allCases)
    func spraying(_ engine: TestEngine) async throws {
        let (database, clock) = (try await TestDatabase(engine), TestClock())
        let nodes = [try await node(database, clock), try await node(database, clock)]
        for number in 0..<Self.limit.burst {
            let status = try await login(nodes[number % 2], "name-\(number)", "guess", from: office).status
            #expect(status == .unauthorized)
        }
        for node in nodes {
            let refused = try await login(node, "alice", "correct horse", from: office)
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.retryAfter] == "1")
            #expect(try await login(node, "alice", "correct horse", from: "198.51.100.1").status == .ok)
        }
        clock.advance(by: 1)
        #expect(try await login(nodes[0], "name-x", "guess", from: office).status == .unauthorized)
        for node in nodes {
            #expect(try await login(node, "name-y", "guess", from: office).status == .tooManyRequests)
        }
    }

    @Test("in-flight guesses beyond the limit delay the next ones, on each node")
    func debt() async throws {
        let (database, clock) = (try await TestDatabase(), TestClock())
        let nodes = [try await node(database, clock), try await node(database, clock)]
        let checked = try await race(50) { number in
            try await login(nodes[number % 2], "name-\(number)", "guess", from: office).status == .unauthorized
        }.count(where: \.self)
        #expect(checked >= Self.limit.burst)
        let debt = checked - Self.limit.burst
        for node in nodes {
            let refused = try await login(node, "alice", "correct horse", from: office)
            let seconds = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
            #expect(refused.status == .tooManyRequests)
            // A node whose own share doesn't reach the limit waits for the shared one.
            #expect((debt...debt + 1).contains(seconds))
        }
    }

    @Test("successes, pages and requests without a guess don't count as failed sign-ins")
    func free() async throws {
        let issuer = try await node(try await TestDatabase(), TestClock())
        for _ in 0..<100 {
            // Without the form's token, so that no password is checked.
            let junk = try await issuer.send(.post, "/sign-in", form: [("username", "alice")], from: office)
            #expect(junk.status != .tooManyRequests)
            #expect(try await Browser(issuer, at: office).get("/authorize", Browser.webRequest()).status == .ok)
        }
        #expect(try await login(issuer, "alice", "correct horse", from: office).status == .ok)
    }

    @Test("the sign-in page has its own limit, and the error names the setting for the log")
    func page() async throws {
        let issuer = try await node(try await TestDatabase(), TestClock())
        let browser = Browser(issuer, at: office)
        let page = try await browser.get("/authorize", Browser.webRequest()).page()
        for number in 0..<Self.limit.burst {
            let answer = try await browser.submit(page, [("username", "name-\(number)"), ("password", "guess")])
            #expect(try answer.page().hasError("credentials"))
        }
        let right = [("username", "alice"), ("password", "correct horse")]
        #expect(try await browser.submit(page, right).status == .tooManyRequests)
        #expect(try await login(issuer, "alice", "correct horse", from: office).status == .ok)
    }

    @Test("the error names the setting for the log")
    func setting() async throws {
        let issuer = try await node(try await TestDatabase(), TestClock())
        for number in 0..<Self.limit.burst { _ = try await login(issuer, "name-\(number)", "guess", from: office) }
        let path = "/api/auth/login"
        let endpoint = try #require(issuer.provider.endpoints.first { $0.routes.contains { $0.path.text == path } })
        let error = await #expect(throws: OAuthError.self) {
            try await endpoint.respond(
                to: Request(
                    method: .post, path: path, headers: [.contentType: "application/json"],
                    body: Array(#"{"username":"alice","password":"correct horse"}"#.utf8), remoteAddress: office,
                    reading: .json))
        }
        #expect(error?.cause.map { "\($0)" } == "limits.sign_in_failures")
    }

    @Test("a neighbor who uses the limit up keeps nobody out of browsers in which they have signed in")
    func neighbor() async throws {
        let issuer = try await node(try await TestDatabase(), TestClock())
        let (known, other) = (Browser(issuer, at: office), Browser(issuer, at: office))
        for browser in [known, other] { _ = try await browser.code() }
        issuer.clock.advance(by: 1)
        let neighbor = Browser(issuer, at: office)
        let form = try await neighbor.get("/authorize", Browser.webRequest()).page()
        let guesses = try await race(Self.limit.burst + 10) { number in
            try await neighbor.request(
                .post, "/sign-in",
                form: [
                    ("form_token", form.text("form_token")), ("interaction", form.text("interaction")),
                    ("username", "name-\(number)"), ("password", "guess"),
                ]
            ).status
        }
        #expect(guesses.contains(.ok))
        let again = Browser.webRequest([("prompt", "login")])
        #expect(try await known.authorize(again).answer()["code"] != nil)
        // In that browser, the user's own limit applies.
        let page = try await other.get("/authorize", again).page()
        for _ in 0..<5 { _ = try await other.submit(page, [("username", "alice"), ("password", "guess")]) }
        let mistyped = try await other.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(mistyped.status == .tooManyRequests)
        // A new browser waits, and so does one that is known for another account.
        #expect(try await Browser(issuer, at: office).authorize(again).status == .tooManyRequests)
        #expect(
            try await other.submit(page, [("username", "bob"), ("password", "battery staple")]).status
                == .tooManyRequests)
    }

    @Test("passkeys and email links can't be guessed, so wrong ones cost a neighbor neither a wait nor a commit")
    func unguessable() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox(), signUp: .invitation) { $0.limits = Limits() }
        let neighbor = Browser(issuer, at: office)
        let page = try await neighbor.get("/authorize", Browser.webRequest()).page()
        let before = issuer.database.database.committedUnits
        for number in 0..<100 {
            let form = [
                ("form_token", page.text("form_token")), ("interaction", page.text("interaction")),
                ("credential", "{}"), ("ceremony", "x"),
            ]
            let passkey = try await neighbor.request(.post, "/sign-in/passkey", form: form)
            #expect(passkey.headers[.location]?.hasSuffix("problem=passkey") == true)
            let link = try await neighbor.request(.post, "/reset-password", form: [("link", "\(number)")])
            #expect(link.status != .tooManyRequests)
            #expect(try await neighbor.get("/invitation", [("link", "\(number)")]).status == .gone)
        }
        #expect(issuer.database.database.committedUnits == before)
        let address = try #require(MailAddress("new@example.com"))
        let link = try #require(URLComponents(string: try issuer.provider.invitation(for: address))?.queryItems?.first)
        #expect(try await Browser(issuer, at: office).get("/invitation", [("link", link.value ?? "")]).status == .ok)
    }

    @Test("a limit that is off lets everything through to the lockout")
    func off() async throws {
        let issuer = try await TestIssuer { $0.limits.signInFailures = nil }
        for number in 0..<49 {
            #expect(try await login(issuer, "name-\(number)", "guess", from: office).status == .unauthorized)
        }
        #expect(try await login(issuer, "alice", "correct horse", from: office).status == .ok)
    }
}

@Suite("Limits per client address: requests at the endpoints of programs", .timeLimit(.minutes(5)))
struct RequestLimitTests {
    private let address = "203.0.113.9"
    private static let limit = RateLimit(burst: 600, perMinute: 6_000)
    private static let right = "web-secret-web-secret-web-secret-1"

    private func issuer() async throws -> TestIssuer { try await TestIssuer { $0.limits = Limits() } }

    private func ask(
        _ issuer: TestIssuer, _ client: String = "web", _ secret: String = right, from address: String,
        at path: String = "/token"
    ) async throws -> HTTPResponse.Status {
        let credentials = Data("\(client):\(secret)".utf8).base64EncodedString()
        return try await issuer.send(
            .post, path, form: [("grant_type", "client_credentials"), ("token", "rubbish")],
            headers: [.authorization: "Basic \(credentials)"], from: address
        ).status
    }

    /// A request of a public client, which anyone can make.
    private func refresh(_ issuer: TestIssuer, from address: String) async throws -> HTTPResponse.Status {
        try await issuer.send(
            .post, "/token", form: [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "spa")],
            from: address
        ).status
    }

    @Test("a gateway that authenticates gets 1,000 tokens at once and makes as many other requests")
    func gateway() async throws {
        let issuer = try await issuer()
        for path in ["/token", "/introspect", "/revoke"] {
            let statuses = try await race(1_000) { _ in try await ask(issuer, from: address, at: path) }
            #expect(statuses.allSatisfy { $0 == .ok }, "\(path)")
        }
    }

    @Test("of 1,000 concurrent requests of a public client, as many as the limit get in, and time lets more in")
    func publicClient() async throws {
        let issuer = try await issuer()
        let statuses = try await race(1_000) { _ in try await refresh(issuer, from: address) }
        #expect(statuses.count { $0 == .badRequest } == Self.limit.burst)
        #expect(statuses.count { $0 == .tooManyRequests } == 400)
        #expect(try await refresh(issuer, from: "198.51.100.1") == .badRequest)
        issuer.clock.advance(by: 1)
        for _ in 0..<100 { #expect(try await refresh(issuer, from: address) == .badRequest) }
        #expect(try await refresh(issuer, from: address) == .tooManyRequests)
    }

    @Test("wrong secrets for many clients meet the limit; an authenticated client there stays exempt, a guess doesn't")
    func guesses() async throws {
        let issuer = try await issuer()
        #expect(try await ask(issuer, from: address) == .ok)
        for number in 0..<Self.limit.burst {
            #expect(try await ask(issuer, "nobody-\(number)", "guess-at-a-secret", from: address) == .unauthorized)
        }
        #expect(try await ask(issuer, "nobody", "guess-at-a-secret", from: address) == .tooManyRequests)
        let statuses = try await race(100) { _ in try await ask(issuer, from: address) }
        #expect(statuses.allSatisfy { $0 == .ok })
        // In a network where the client is known, only this limit bounds guesses.
        #expect(try await ask(issuer, "web", "guess-at-a-secret", from: address) == .tooManyRequests)
        // A client that this node doesn't know there yet has to wait for its turn.
        let api = "api-secret-api-secret-api-secret-1"
        #expect(try await ask(issuer, "api", api, from: address, at: "/token") == .tooManyRequests)
    }

    @Test("a secret that was right but no longer is isn't exempt")
    func formerSecret() async throws {
        let issuer = try await issuer()
        #expect(try await ask(issuer, from: address) == .ok)
        let client = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "web")))
        _ = try await issuer.administration.renewSecret(of: client)
        issuer.clock.advance(by: 31)
        for _ in 0..<Self.limit.burst { #expect(try await ask(issuer, from: address) == .unauthorized) }
        #expect(try await ask(issuer, from: address) == .tooManyRequests)
    }

    @Test("assertions of a known client are exempt until too many of them are wrong")
    func assertions() async throws {
        let issuer = try await issuer()
        func assert(_ secret: String) async throws -> HTTPResponse.Status {
            let now = Int(issuer.clock.now.timeIntervalSince1970)
            let claims: JSONObject = [
                "iss": "hmac", "sub": "hmac", "aud": "https://id.example.com", "jti": .string(UUID().uuidString),
                "iat": .integer(now), "exp": .integer(now + 60),
            ]
            let assertion = try await JWT.sign(claims, type: nil, with: SecretSigner(secret: secret))
            let form = [
                ("grant_type", "client_credentials"), ("client_assertion", assertion),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ]
            return try await issuer.send(.post, "/token", form: form, from: address).status
        }
        let right = "hmac-secret-hmac-secret-hmac-secret"
        #expect(try await assert(right) == .ok)
        for _ in 0..<Self.limit.burst { _ = try await refresh(issuer, from: address) }
        #expect(try await refresh(issuer, from: address) == .tooManyRequests)
        #expect(try await assert(right) == .ok)
        var verified = 0
        while verified < 100, try await assert("\(verified)-secret-hmac-secret-hmac-secret") == .unauthorized {
            verified += 1
        }
        #expect(verified == 60)
        #expect(try await assert(right) == .tooManyRequests)
    }

    @Test("all addresses of an IPv6 /64 count as one client; the next network is another")
    func network() async throws {
        let issuer = try await issuer()
        for number in 0..<Self.limit.burst { _ = try await refresh(issuer, from: "2001:db8::\(number % 9):1") }
        #expect(try await refresh(issuer, from: "2001:db8::ffff:2") == .tooManyRequests)
        #expect(try await refresh(issuer, from: "2001:db8:0:1::1") == .badRequest)
    }

    @Test(
        "requests that are refused without a guess count as well, so that a flood of them leaves few audit records",
        arguments: [
            (HTTPRequest.Method.post, "/sign-in"), (.get, "/sign-in"), (.post, "/sign-in/passkey"),
            (.post, "/second-factor"), (.get, "/authorize"), (.post, "/authorize"), (.get, "/reset-password"),
            (.post, "/reset-password"), (.get, "/logout"), (.post, "/api/auth/login"), (.post, "/api/auth/mfa"),
        ])
    func refused(_ method: HTTPRequest.Method, _ path: String) async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox()) {
            $0.limits.requests = RateLimit(burst: 20, perMinute: 60)
        }
        @Sendable func send(from address: String) async throws -> HTTPResponse.Status {
            guard !path.hasPrefix("/api") else {
                return try await issuer.call(method, path, #"{"x":"y"}"#, from: address).status
            }
            return try await issuer.send(method, path, query: "id_token_hint=x", from: address).status
        }
        let before = issuer.audit.backlog.waiting
        let statuses = try await race(200) { _ in try await send(from: address) }
        #expect(statuses.count { $0 == .tooManyRequests } == 180)
        #expect(issuer.audit.backlog.waiting <= before + 20)
        #expect(try await send(from: "198.51.100.1") != .tooManyRequests)
        issuer.clock.advance(by: 1)
        #expect(try await send(from: address) != .tooManyRequests)
        #expect(try await send(from: address) == .tooManyRequests)
    }

    @Test("a page and its form have limits of their own, so a crowd that gets the page can submit it")
    func methods() async throws {
        let issuer = try await TestIssuer { $0.limits.requests = RateLimit(burst: 5, perMinute: 60) }
        for _ in 0..<5 { _ = try await issuer.send(.get, "/sign-in", from: address) }
        #expect(try await issuer.send(.get, "/sign-in", from: address).status == .tooManyRequests)
        #expect(try await issuer.send(.post, "/sign-in", from: address).status != .tooManyRequests)
    }

    @Test("a limit that is off lets every request in")
    func off() async throws {
        let issuer = try await TestIssuer { $0.limits.requests = nil }
        let statuses = try await race(700) { _ in try await refresh(issuer, from: address) }
        #expect(statuses.allSatisfy { $0 == .badRequest })
    }

    @Test("every request for an email counts, whether or not it sends one")
    func email() async throws {
        let issuer = try await TestIssuer(mailbox: TestMailbox(), signUp: .open) { $0.limits = Limits() }
        var statuses: [HTTPResponse.Status] = []
        for _ in 0..<11 {
            statuses.append(
                try await issuer.send(.post, "/forgot-password", form: [("username", "nobody")], from: address).status)
        }
        #expect(statuses.firstIndex(of: .tooManyRequests) == 10)
    }
}

/// Signs with a client secret.
private struct SecretSigner: Signer {
    let secret: String
    let algorithm = SignatureAlgorithm.hs256
    let keyID: String? = nil
    func sign(_ message: [UInt8]) -> [UInt8] { TestHMAC.sha256(message, key: Array(secret.utf8)) }
}
