import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization
import TestSupport
import Testing

@testable import IdentityProvider

/// Clients that take logout tokens.
private final class Receivers: Fetcher {
    /// Returns the response of the client at a URL.
    let answer: @Sendable (_ url: String) async throws -> FetchResponse
    private let received = Mutex<[(url: String, request: FetchRequest, policy: FetchPolicy)]>([])

    init(_ answer: @escaping @Sendable (String) async throws -> FetchResponse = { _ in FetchResponse(status: 200) }) {
        self.answer = answer
    }

    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        received.withLock { $0.append((request.url, request, policy)) }
        return try await answer(request.url)
    }

    var all: [(url: String, request: FetchRequest, policy: FetchPolicy)] { received.withLock(\.self) }

    /// The logout tokens sent so far.
    var tokens: [String] {
        all.compactMap {
            try? Parameters(parsing: String(decoding: $0.request.body, as: UTF8.self), limits: Limits())["logout_token"]
        }
    }
}

/// An issuer with clients that register `backchannel_logout_uri`.
private struct Scene {
    static let uri = "https://shop.example/logout?tenant=1"
    let issuer: TestIssuer
    let receivers: Receivers
    let service: LogoutService

    init(
        _ engine: TestEngine = .sqlite, _ receivers: Receivers = Receivers(), also: String = ""
    ) async throws {
        let resources = """
            {"users": [{"username": "alice", "password": "correct horse"}],
             "clients": [
                {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
                 "redirect_uris": ["https://shop.example/callback"], "consent": "skip",
                 "grant_types": ["authorization_code", "refresh_token"], "scope": "openid offline_access",
                 "id_token_signed_response_alg": "ES256", "backchannel_logout_uri": "\(Self.uri)"\(also)},
                {"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1", "consent": "skip",
                 "redirect_uris": ["https://own.example/callback"]}]}
            """
        issuer = try await TestIssuer(
            resources: resources, database: TestDatabase(engine), fetcher: receivers)
        self.receivers = receivers
        service = LogoutService(issuer.core)
    }

    /// Signs alice in at the client `web` and returns its ID Token.
    func signIn(_ browser: Browser, scope: String = "openid") async throws -> JSONObject {
        let tokens = try await issuer.redeem(browser.code(scope: scope)).json()
        return try JWTClaims.of(tokens["id_token"]?.string)
    }

    func signOut(_ browser: Browser) async throws {
        let page = try await browser.get("/logout").page()
        _ = try await browser.submit(page, [("decision", "sign-out")])
    }

    /// Sends what is due for `client`.
    @discardableResult
    func deliver(to client: String = "web") async throws -> Int { try await service.deliverDue(to: client) }

    func waiting() async throws -> [LogoutNotice] {
        try await issuer.stores.logoutNotices.due(to: "web", at: .distantFuture, limit: 100)
    }

    func events(_ name: AuditEvent.Name) async throws -> [AuditRecord] { try await issuer.records(name.rawValue) }
}

@Suite("OpenID Connect Back-Channel Logout 1.0")
struct LogoutServiceTests {
    @Test(
        "OIDC-Back-Channel-Logout-003: the token names issuer, client, user, session; OIDC-Back-Channel-Logout-006: alg"
    )
    func token() async throws {
        let scene = try await Scene()
        let browser = Browser(scene.issuer)
        let identity = try await scene.signIn(browser)
        try await scene.signOut(browser)
        #expect(try await scene.deliver() == 1)
        let text = try #require(scene.receivers.tokens.first)
        let rules = JWTRules(
            algorithms: [.es256], issuer: scene.issuer.issuer.identifier, audiences: ["web"], types: ["logout+jwt"],
            expiry: .required, required: ["iat", "jti", "events", "sub", "sid"])
        let claims = try await JWT(
            validating: text, with: scene.issuer.keys(), rules: rules, at: scene.issuer.clock.now
        ).claims
        #expect(claims["events"] == ["http://schemas.openid.net/event/backchannel-logout": [:]])
        #expect(claims["nonce"] == nil)
        #expect(claims["sub"] == identity["sub"] && claims["sid"] == identity["sid"])
        let lifetime = (claims["exp"]?.integer ?? 0) - (claims["iat"]?.integer ?? 0)
        #expect((1...120).contains(lifetime))
        #expect(try await scene.waiting().isEmpty)
        let notified = try await scene.events(.clientNotified)
        #expect(notified.map(\.client) == ["web"])
        #expect(notified.map(\.user) == [identity["sub"]?.string])
    }

    @Test("OIDC-Back-Channel-Logout-007: a form is posted to the registered URL, which is reached under guard")
    func request() async throws {
        let scene = try await Scene()
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        try await scene.signOut(browser)
        #expect(scene.receivers.all.isEmpty, "nothing is sent while the user waits")
        try await scene.deliver()
        let sent = try #require(scene.receivers.all.first)
        #expect(sent.request.method == .post && sent.url == Scene.uri)
        #expect(sent.request.headers[.contentType] == "application/x-www-form-urlencoded")
        #expect(!sent.policy.allowsPrivateNetworks && sent.policy.timeout == .seconds(10))
    }

    @Test("a client without a token in the session, or without a URI, is told nothing")
    func others() async throws {
        let scene = try await Scene()
        let (browser, other) = (Browser(scene.issuer), Browser(scene.issuer))
        _ = try await scene.signIn(browser)
        let own = [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid"), ("nonce", "n"),
        ]
        _ = try await other.submit(
            other.get("/authorize", own).page(), [("username", "alice"), ("password", "correct horse")])
        try await scene.signOut(other)
        #expect(try await scene.waiting().isEmpty)
        try await scene.signOut(browser)
        #expect(try await scene.waiting().map(\.client.rawValue) == ["web"])
    }

    @Test("OIDC-Back-Channel-Logout-009: a sign-out spares offline access, and the client is still told")
    func offline() async throws {
        let scene = try await Scene()
        let browser = Browser(scene.issuer)
        let tokens = try await scene.issuer.redeem(browser.code(scope: "openid offline_access")).json()
        try await scene.signOut(browser)
        #expect(try await scene.waiting().count == 1)
        #expect(try await scene.issuer.refresh(tokens["refresh_token"]?.string ?? "").status == .ok)
    }

    @Test("two authorizations in a session are one notice; every attempt repeats its jti with a new token")
    func repeats() async throws {
        let isDown = Mutex(true)
        let receivers = Receivers { url in
            guard isDown.withLock(\.self) else { return FetchResponse(status: 204) }
            throw FetchError.unreachable(host: url, reason: "down")
        }
        let scene = try await Scene(.sqlite, receivers)
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        _ = try await scene.issuer.redeem(browser.code(scope: "openid"))
        try await scene.signOut(browser)
        for _ in 0..<3 {
            #expect(try await scene.deliver() == 1)
            #expect(try await scene.deliver() == 0, "not before the pause")
            scene.issuer.clock.advance(by: 3_600)
        }
        isDown.withLock { $0 = false }
        #expect(try await scene.deliver() == 1)
        #expect(try await scene.waiting().isEmpty)
        let claims = try receivers.tokens.map(JWTClaims.of)
        #expect(claims.count == 4)
        #expect(Set(claims.map { $0["jti"]?.string }).count == 1)
        #expect(Set(claims.map { $0["iat"]?.integer }).count == 4)
    }

    @Test(
        "OIDC-Back-Channel-Logout-010: what a client answers decides whether it is told again",
        arguments: [
            ("400", true), ("404", true), ("429", false), ("500", false), ("503", false), ("redirect", false),
            ("private", false), ("slow", false), ("endless", true), ("untrusted", false),
        ])
    func failures(_ failure: String, isFinal: Bool) async throws {
        let receivers = Receivers { host in
            switch failure {
            case "redirect": throw FetchError.redirected(host: host, status: 302)
            case "private": throw FetchError.privateAddress(host: host)
            case "slow": throw FetchError.timedOut(host: host, after: .seconds(10))
            case "endless": throw FetchError.tooLarge(host: host, limit: 65_536)
            case "untrusted": throw FetchError.untrusted(host: host, reason: "self-signed")
            default:
                throw FetchError.unsuccessful(
                    host: host, FetchResponse(status: Int(failure) ?? 0, body: Array("<secret>".utf8)))
            }
        }
        let scene = try await Scene(.sqlite, receivers)
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        try await scene.signOut(browser)
        try await scene.deliver()
        #expect(try await scene.waiting().isEmpty == isFinal)
        let refused = try await scene.events(.clientNotNotified)
        #expect(refused.count == (isFinal ? 1 : 0))
        #expect(!"\(refused)".contains("<secret>"))
    }

    @Test("after three days, an unreachable client is given up, and the audit log says so")
    func givenUp() async throws {
        let receivers = Receivers { throw FetchError.unreachable(host: $0, reason: "down") }
        let scene = try await Scene(.sqlite, receivers)
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        try await scene.signOut(browser)
        for _ in 0..<200 where try await !scene.waiting().isEmpty {
            scene.issuer.clock.advance(by: 3_600)
            try await scene.deliver()
        }
        #expect(try await scene.waiting().isEmpty)
        let refused = try await scene.events(.clientNotNotified)
        #expect(refused.count == 1)
        #expect("\(refused)".contains("is unreachable"))
    }

    @Test("200 with garbage is an acknowledgment")
    func garbage() async throws {
        let receivers = Receivers { _ in FetchResponse(status: 200, body: Array("\u{0}<html>".utf8)) }
        let scene = try await Scene(.sqlite, receivers)
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        try await scene.signOut(browser)
        try await scene.deliver()
        #expect(try await scene.waiting().isEmpty)
    }

    @Test(
        "OIDC-Back-Channel-Logout-008: a client that never answers 10,000 tokens holds four and delays no other",
        arguments: TestEngine.allCases)
    func slow(_ engine: TestEngine) async throws {
        let held = Mutex(0)
        let receivers = Receivers { url in
            guard url == Scene.uri else { return FetchResponse(status: 200) }
            held.withLock { $0 += 1 }
            defer { held.withLock { $0 -= 1 } }
            for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(3_600)) }) {}
            throw CancellationError()
        }
        let scene = try await Scene(
            engine, receivers,
            also: """
                }, {"client_id": "quick", "client_secret": "own-secret-own-secret-own-secret-1", "consent": "skip",
                 "redirect_uris": ["https://quick.example/cb"], "backchannel_logout_uri": "https://quick.example/out"
                """)
        let alice = try #require(try await scene.issuer.stores.users.find(named: "alice"))
        let clients = ["web", "quick"].map { Identifier<Client>(rawValue: $0) }
        for _ in 0..<40 {
            let session = try await scene.issuer.startSession(of: alice)
            for client in clients { try await scene.issuer.join(session, client) }
        }
        try await scene.issuer.forge(10_000, to: "web")
        try await scene.issuer.administration.endSessions(of: alice)
        let service = scene.service
        let running = Task { try await service.run() }
        try await until("the quick client was told of every session") {
            receivers.all.count { $0.url.hasPrefix("https://quick.example") } == 40
        }
        try await until("the slow one holds its share") { held.withLock(\.self) == LogoutService.width }
        running.cancel()
        try await running.value
        #expect(receivers.all.count { $0.url == Scene.uri } == LogoutService.width)
        #expect(try await scene.issuer.stores.logoutNotices.depth(at: scene.issuer.clock.now) == 10_040)
    }

    @Test("a client that was deleted, or no longer has a URI, gets nothing, and nothing stays queued")
    func unregistered() async throws {
        let scene = try await Scene()
        let browser = Browser(scene.issuer)
        _ = try await scene.signIn(browser)
        try await scene.signOut(browser)
        try await scene.issuer.core.clients.delete(Identifier(rawValue: "web"))
        #expect(try await scene.deliver() == 1)
        #expect(scene.receivers.all.isEmpty)
        #expect(try await scene.waiting().isEmpty)
    }

    @Test("a session that expires is announced only to clients that ask for it", arguments: [true, false])
    func expiry(_ asks: Bool) async throws {
        let scene = try await Scene(also: asks ? #", "backchannel_logout_on_expiry": true"# : "")
        _ = try await scene.signIn(Browser(scene.issuer))
        scene.issuer.clock.advance(by: scene.issuer.core.settings.lifetimes.session + 1)
        #expect(try await scene.waiting().isEmpty)
        _ = try await scene.issuer.stores.upkeep.removeExpired(before: scene.issuer.clock.now, limit: 100)
        #expect(try await scene.waiting().count == (asks ? 1 : 0))
    }

    @Test("a relying party takes the token: another Martlet, which ends the session that rests on it")
    func relyingParty() async throws {
        let scene = try await MartletAtMartlet()
        try await scene.link()
        let visitor = MartletVisitor(scene)
        _ = try await visitor.signIn()
        let alice = try await scene.here.user("alice")
        #expect(try await scene.here.stores.sessions.sessions(of: alice.id, at: scene.clock.now).count == 1)
        try await scene.there.administration.endSessions(of: scene.there.user("ann"))
        let service = LogoutService(scene.there.core(fetchingWith: IssuerFetcher(scene.here)))
        #expect(try await service.deliverDue(to: "martlet") == 1)
        #expect(try await scene.here.stores.sessions.sessions(of: alice.id, at: scene.clock.now).isEmpty)
        #expect(try await scene.there.stores.logoutNotices.depth(at: scene.clock.now) == 0)
    }

    @Test("nobody who can write to the database can make Martlet call another URL or name another issuer")
    func forgedRow() async throws {
        let scene = try await Scene()
        let forged = LogoutNotice(
            client: Identifier(rawValue: "https://evil.example/"), session: Identifier(rawValue: "s"),
            user: Identifier(rawValue: "u"),
            dueAt: scene.issuer.clock.now, expiresAt: .distantFuture)
        try await scene.issuer.forge([forged])
        #expect(try await scene.deliver(to: "https://evil.example/") == 1)
        #expect(scene.receivers.all.isEmpty)
    }

    @Test("OIDC-Back-Channel-Logout-001: the metadata says that logout tokens name the session")
    func metadata() async throws {
        let scene = try await Scene()
        let metadata = try await scene.issuer.send(.get, "/.well-known/openid-configuration").json()
        #expect(metadata["backchannel_logout_supported"] == true)
        #expect(metadata["backchannel_logout_session_supported"] == true)
    }
}
