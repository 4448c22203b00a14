import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("Idle sessions end if an idle limit is configured")
struct SessionIdleTests {
    private func issuer(_ engine: TestEngine = .sqlite, idle: TimeInterval? = 600) async throws -> TestIssuer {
        try await node(TestDatabase(engine), TestClock(), idle: idle)
    }

    private func node(_ database: TestDatabase, _ clock: TestClock, idle: TimeInterval? = 600) async throws
        -> TestIssuer
    {
        try await TestIssuer(clock: clock, database: database) { $0.lifetimes.sessionIdle = idle }
    }

    private func isSignedIn(_ browser: Browser) async throws -> Bool {
        try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["error"]
            != "login_required"
    }

    @Test("each use extends the session, up to its lifetime", arguments: TestEngine.allCases)
    func use(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine)
        let browser = Browser(issuer)
        _ = try await browser.code()
        for _ in 0..<20 {
            issuer.clock.advance(by: 500)
            #expect(try await isSignedIn(browser))
        }
        issuer.clock.advance(by: 600)
        #expect(try await !isSignedIn(browser))
        #expect(try await browser.get("/account").page().template == "sign-in")

        let busy = Browser(issuer)
        _ = try await busy.code()
        for _ in 0..<72 {
            issuer.clock.advance(by: 599)
            #expect(try await isSignedIn(busy))
        }
        // The lifetime of twelve hours is over.
        issuer.clock.advance(by: 43_200 - 72 * 599)
        #expect(try await !isSignedIn(busy))
    }

    @Test("an idle session ends with everything it granted, and a longer limit doesn't revive it")
    func end() async throws {
        let (database, clock) = (try await TestDatabase(), TestClock())
        let issuer = try await node(database, clock)
        let browser = Browser(issuer)
        let tokens = try await issuer.redeem(browser.code(scope: "openid")).json()
        let bearer: HTTPFields = [.authorization: "Bearer \(tokens["access_token"]?.string ?? "")"]
        clock.advance(by: 599)
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .ok)
        clock.advance(by: 1)
        #expect(try await !isSignedIn(browser))
        let lenient = try await node(database, clock, idle: nil)
        #expect(
            try await lenient.send(
                .get, "/account", headers: [.cookie: browser.cookieHeader]
            ).headers[.location]?.hasPrefix("/continue") == true)
        #expect(try await lenient.refresh(tokens["refresh_token"]?.string ?? "").json()["error"] == "invalid_grant")
    }

    @Test("a use at one node counts at all nodes", arguments: TestEngine.allCases)
    func nodes(_ engine: TestEngine) async throws {
        let (database, clock) = (try await TestDatabase(engine), TestClock())
        let (one, two) = (try await node(database, clock), try await node(database, clock))
        let browser = Browser(one)
        _ = try await browser.code()
        for number in 0..<6 {
            clock.advance(by: 400)
            let node = number.isMultiple(of: 2) ? two : one
            let account = try await node.send(.get, "/account", headers: [.cookie: browser.cookieHeader])
            #expect(try account.page().template == "account")
        }
    }

    @Test(
        "uses are stored at most ten times per idle limit, and concurrent uses once", arguments: TestEngine.allCases
    )
    func writes(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine)
        let browser = Browser(issuer)
        _ = try await browser.code()
        func commits(_ uses: Int) async throws -> Int {
            let before = issuer.database.database.committedUnits
            let answers = try await TestSupport.race(uses) { _ in try await isSignedIn(browser) }
            #expect(!answers.contains(false))
            return issuer.database.database.committedUnits - before
        }
        issuer.clock.advance(by: 59)
        #expect(try await commits(8) == 0)
        issuer.clock.advance(by: 1)
        #expect(try await commits(8) == 1)
        var sum = 0
        for _ in 0..<60 {
            issuer.clock.advance(by: 10)
            sum += try await commits(1)
        }
        #expect(sum == 10)
    }

    @Test("without a limit nothing is stored, and only the session's lifetime counts")
    func off() async throws {
        let issuer = try await issuer(idle: nil)
        let browser = Browser(issuer)
        _ = try await browser.code()
        let before = issuer.database.database.committedUnits
        issuer.clock.advance(by: 43_199)
        #expect(try await isSignedIn(browser))
        #expect(issuer.database.database.committedUnits == before)
    }

    @Test("a session-bound refresh counts as use and ends with the session; offline access does neither")
    func refresh() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        var bound = try await issuer.redeem(browser.code(scope: "openid")).json()["refresh_token"]?.string ?? ""
        for _ in 0..<5 {
            issuer.clock.advance(by: 500)
            bound = try #require(try await issuer.refresh(bound).json()["refresh_token"]?.string)
        }
        #expect(try await isSignedIn(browser))
        let code = try await browser.code(scope: "openid offline_access")
        let offline = try #require(try await issuer.redeem(code).json()["refresh_token"]?.string)
        issuer.clock.advance(by: 400)
        let next = try #require(try await issuer.refresh(offline).json()["refresh_token"]?.string)
        issuer.clock.advance(by: 200)
        #expect(try await issuer.refresh(bound).json()["error"] == "invalid_grant")
        #expect(try await !isSignedIn(browser))
        #expect(try await issuer.refresh(next).status == .ok)
    }

    @Test("RFC 7662: introspection of a refresh token doesn't count as a use")
    func introspection() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let token = try await issuer.redeem(browser.code(scope: "openid")).json()["refresh_token"]?.string ?? ""
        let before = issuer.database.database.committedUnits
        issuer.clock.advance(by: 599)
        #expect(try await issuer.token([("token", token)], at: "/introspect").json()["active"] == true)
        issuer.clock.advance(by: 1)
        #expect(try await issuer.token([("token", token)], at: "/introspect").json() == ["active": false])
        #expect(issuer.database.database.committedUnits == before)
        #expect(try await !isSignedIn(browser))
    }

    @Test("a code from an idle session is refused, and its replay still revokes offline access")
    func code() async throws {
        let issuer = try await issuer(idle: 30)
        let (first, second) = (Browser(issuer), Browser(issuer))
        let used = try await first.code(scope: "openid offline_access")
        let refresh = try await issuer.redeem(used).json()["refresh_token"]?.string ?? ""
        let unused = try await second.code(scope: "openid offline_access")
        issuer.clock.advance(by: 30)
        #expect(try await issuer.redeem(unused).json()["error"] == "invalid_grant")
        let next = try #require(try await issuer.refresh(refresh).json()["refresh_token"]?.string)
        #expect(try await issuer.redeem(used).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(next).json()["error"] == "invalid_grant")
    }

    @Test("a longer lifetime doesn't revive an expired session or its refresh token")
    func longerLifetime() async throws {
        let (database, clock) = (try await TestDatabase(), TestClock())
        let short = try await TestIssuer(clock: clock, database: database) { $0.lifetimes.session = 3_600 }
        let long = try await TestIssuer(clock: clock, database: database) { $0.lifetimes.session = 7_200 }
        let tokens = try await short.redeem(Browser(short).code(scope: "openid")).json()
        let refresh = try #require(tokens["refresh_token"]?.string)
        clock.advance(by: 3_599)
        let next = try #require(try await long.refresh(refresh).json()["refresh_token"]?.string)
        clock.advance(by: 1)
        #expect(try await long.refresh(next).json()["error"] == "invalid_grant")
    }
}
