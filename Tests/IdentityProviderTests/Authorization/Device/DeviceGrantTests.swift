import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8628 §3.4, §3.5: the device grant")
struct DeviceGrantTests {
    @Test(
        "RFC8628-005 RFC8628-007: a device polls until its user has entered the code and approved, and gets tokens",
        arguments: TestEngine.allCases)
    func wholeFlow(_ engine: TestEngine) async throws {
        let scene = try await DeviceScene(engine)
        let codes = try await scene.codes([("scope", "openid profile offline_access orders.read")])
        #expect(try await scene.error(codes) == "authorization_pending")
        try await scene.approve(codes)
        scene.issuer.clock.advance(by: 5)
        let response = try await scene.poll(codes)
        #expect(response.status == .ok)
        #expect(response.headers[.cacheControl] == "no-store")
        let tokens = try response.json()
        #expect(tokens["token_type"] == "Bearer")
        #expect(tokens["scope"] == "openid profile offline_access orders.read")
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["aud"] == "tv")
        #expect(claims["acr"] == "urn:martlet:acr:1")
        #expect(claims["auth_time"] != nil)
        let token = try #require(tokens["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        let user = try await scene.issuer.send(.get, "/userinfo", headers: bearer).json()
        #expect(user["name"] == "Alice Liddell")
        let next = try await scene.issuer.send(
            .post, "/token",
            form: [
                ("grant_type", "refresh_token"), ("client_id", "tv"),
                ("refresh_token", try #require(tokens["refresh_token"]?.string)),
            ])
        #expect(next.status == .ok)
        let events = try await scene.events("device_requested", "device_approved", "tokens_issued").map(\.event)
        #expect(events == ["device_requested", "device_approved", "tokens_issued", "tokens_issued"])
    }

    @Test("RFC8628-008: the errors of a device that waits, is denied, or comes too late")
    func errors() async throws {
        let scene = try await DeviceScene()
        let (denied, expired) = (try await scene.codes(), try await scene.codes())
        #expect(try await scene.error(denied) == "authorization_pending")
        try await scene.answer(denied, "deny", in: scene.browser())
        // The answer doesn't wait for the interval.
        #expect(try await scene.error(denied) == "access_denied")
        #expect(try await scene.error(denied) == "access_denied")
        scene.issuer.clock.advance(by: 599)
        #expect(try await scene.error(expired) == "authorization_pending")
        scene.issuer.clock.advance(by: 1)
        #expect(try await scene.error(expired) == "expired_token")
        #expect(try await scene.error(.init(device: "unknown", user: "")) == "invalid_grant")
        let missing = try await scene.issuer.send(
            .post, "/token", form: [("grant_type", DeviceScene.grant), ("client_id", "tv")])
        #expect(try missing.json()["error"] == "invalid_request")
        let outcomes = try await scene.events("device_denied")
        #expect(outcomes.map(\.client) == ["tv"])
    }

    @Test(
        "RFC8628-008: a device that polls too fast must wait five seconds longer each time, whichever node it asks",
        arguments: TestEngine.allCases)
    func slowDown(_ engine: TestEngine) async throws {
        let (clock, database) = (TestClock(), try await TestDatabase(engine))
        let one = try await DeviceScene(clock: clock, database: database)
        let two = try await DeviceScene(clock: clock, database: database)
        let codes = try await one.codes()
        #expect(try await one.error(codes) == "authorization_pending")
        clock.advance(by: 3)
        #expect(try await two.error(codes) == "slow_down")
        clock.advance(by: 6)
        #expect(try await one.error(codes) == "slow_down")
        clock.advance(by: 6)
        #expect(try await two.error(codes) == "authorization_pending")
        clock.advance(by: 10)
        #expect(try await one.error(codes) == "slow_down")
        // The user's approval counts at once: nothing is gained by making the device wait.
        try await one.approve(codes)
        #expect(try await two.poll(codes).status == .ok)
    }

    @Test("polling leaves nothing in the audit log, and writes nothing once there is an answer")
    func quiet() async throws {
        let scene = try await DeviceScene()
        let database = scene.issuer.database.database
        func commits(_ operation: () async throws -> Void) async throws -> Int {
            let before = database.committedUnits
            try await operation()
            return database.committedUnits - before
        }
        let (denied, approved) = (try await scene.codes(), try await scene.codes())
        let waiting = try await commits {
            for _ in 0..<5 {
                let error = try await scene.error(denied)
                #expect(error == "authorization_pending")
                scene.issuer.clock.advance(by: 5)
            }
        }
        #expect(waiting == 5)
        try await scene.answer(denied, "deny", in: scene.browser())
        let over = try await commits {
            for _ in 0..<10 {
                let error = try await scene.error(denied)
                #expect(error == "access_denied")
            }
        }
        #expect(over == 0)
        try await scene.approve(approved)
        let redemption = try await commits { _ = try await scene.poll(approved) }
        #expect(redemption == 1)
        let refusals = try await scene.events("request_refused").map { $0.details["error"] }
        #expect(Set(refusals) == ["access_denied"])
    }

    @Test("RFC8628-007: another client can neither redeem a device code nor slow its device down")
    func otherClient() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        #expect(try await scene.error(codes) == "authorization_pending")
        for _ in 0..<5 { #expect(try await scene.error(codes, as: "radio") == "invalid_grant") }
        scene.issuer.clock.advance(by: 5)
        #expect(try await scene.error(codes) == "authorization_pending")
        try await scene.approve(codes)
        #expect(try await scene.error(codes, as: "radio") == "invalid_grant")
        #expect(try await scene.poll(codes, as: "box").status == .unauthorized)
        #expect(try await scene.poll(codes).status == .ok)
    }

    @Test("of 64 tasks that redeem a device code on two nodes, one gets tokens", arguments: TestEngine.allCases)
    func redemptions(_ engine: TestEngine) async throws {
        let (clock, database) = (TestClock(), try await TestDatabase(engine))
        let nodes = [
            try await DeviceScene(clock: clock, database: database),
            try await DeviceScene(clock: clock, database: database),
        ]
        let codes = try await nodes[0].codes()
        try await nodes[0].approve(codes)
        let statuses = try await race(64) { try await nodes[$0 % 2].poll(codes).status }
        #expect(statuses.count { $0 == .ok } == 1)
        #expect(statuses.count { $0 == .badRequest } == 63)
    }

    @Test(
        "RFC10027-009: a device code that is redeemed twice is a theft: all its tokens are revoked, and it is an alarm")
    func replay() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        try await scene.approve(codes)
        let token = try #require(try await scene.poll(codes).json()["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        #expect(try await scene.issuer.send(.get, "/userinfo", headers: bearer).status == .ok)
        #expect(try await scene.error(codes) == "invalid_grant")
        #expect(try await scene.issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        #expect(try await scene.events("code_replayed").map(\.outcome) == [.alarm])
    }

    @Test("of concurrent approvals and denials, one counts", arguments: TestEngine.allCases)
    func answers(_ engine: TestEngine) async throws {
        let scene = try await DeviceScene(engine)
        for _ in 0..<4 {
            let codes = try await scene.codes()
            let browser = try await scene.browser()
            let page = try await scene.enter(codes.user, in: browser)
            let titles = try await race(8) { number in
                try await browser.copy().submit(page, [("decision", number % 2 == 0 ? "allow" : "deny")]).page()
                    .text("title")
            }
            let answered = titles.filter { !$0.isEmpty }
            #expect(answered.count == 1)
            #expect(
                try await scene.error(codes)
                    == (answered == ["text.device_denied_title"] ? "access_denied" : "200 OK"))
            scene.issuer.clock.advance(by: 3_600)
        }
    }

    @Test("without offline_access, a device's tokens end with the session in which it was approved")
    func session() async throws {
        for (scope, survives) in [("openid", false), ("openid offline_access", true)] {
            let scene = try await DeviceScene()
            let codes = try await scene.codes([("scope", scope)])
            let browser = try await scene.approve(codes)
            let tokens = try await scene.poll(codes).json()
            let page = try await browser.get("/logout").page()
            _ = try await browser.submit(page, [("decision", "sign-out")])
            let refreshed = try await scene.issuer.send(
                .post, "/token",
                form: [
                    ("grant_type", "refresh_token"), ("client_id", "tv"),
                    ("refresh_token", try #require(tokens["refresh_token"]?.string)),
                ])
            #expect((refreshed.status == .ok) == survives)
        }
    }

    @Test(
        "what changes between the approval and the next poll counts: nobody gets tokens any more",
        arguments: ["signed out", "disabled", "deleted", "revoked", "client disabled", "grant", "scope"])
    func changedInBetween(_ change: String) async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes([("scope", "profile offline_access")])
        let browser = try await scene.approve(codes)
        let alice = try #require(try await scene.issuer.stores.users.find(named: "alice"))
        var expected = "invalid_grant"
        func register(_ changes: JSONObject) async throws {
            let client = try Client(DeviceScene.tv(changes))
            try await scene.issuer.stores.clients.save(client)
            // Past the time for which clients are cached.
            scene.issuer.clock.advance(by: 31)
        }
        switch change {
        case "signed out":
            let page = try await browser.get("/logout").page()
            _ = try await browser.submit(page, [("decision", "sign-out")])
        case "disabled":
            try await scene.issuer.stores.users.setDisabled(alice.id, to: true, at: scene.issuer.clock.now)
        case "deleted": try await SessionEnd(scene.issuer.core).endAll(byDeleting: alice.id)
        case "revoked":
            let page = try await browser.get("/account").page()
            let form = [("form_token", page.text("form_token")), ("client_id", "tv")]
            _ = try await browser.request(.post, "/account/applications", form: form)
        case "client disabled":
            try await register(["disabled": true])
            expected = "401 Unauthorized"
        case "grant":
            try await register(["grant_types": ["refresh_token"]])
            expected = "unauthorized_client"
        default:
            try await register(["scope": "openid"])
            expected = "invalid_scope"
        }
        #expect(try await scene.error(codes) == expected)
    }

    @Test("RFC10027-014: codes requested with a DPoP proof are redeemed only with the same key")
    func dpop() async throws {
        let scene = try await DeviceScene()
        let (key, other, clock) = (try DPoPKey(), try DPoPKey(), scene.issuer.clock)
        func proof(_ key: DPoPKey, _ path: String) async throws -> HTTPFields {
            let proof = try await key.proof("POST", "https://id.example.com\(path)", at: clock.now)
            return [HTTPField.Name("DPoP")!: proof]
        }
        let body = try await scene.ask(headers: proof(key, "/device_authorization")).json()
        let codes = DeviceScene.Codes(
            device: try #require(body["device_code"]?.string), user: try #require(body["user_code"]?.string))
        #expect(try await scene.error(codes, headers: proof(key, "/token")) == "authorization_pending")
        try await scene.approve(codes)
        #expect(try await scene.error(codes) == "invalid_grant")
        #expect(try await scene.error(codes, headers: proof(other, "/token")) == "invalid_grant")
        let tokens = try await scene.poll(codes, headers: proof(key, "/token")).json()
        #expect(tokens["token_type"] == "DPoP")
        let confirmation = try JWTClaims.of(tokens["access_token"]?.string)["cnf"]?.object
        #expect(confirmation?["jkt"]?.string == key.thumbprint)
        #expect(
            try await scene.ask(headers: [HTTPField.Name("DPoP")!: "forged"]).json()["error"] == "invalid_dpop_proof")
    }

    @Test("RFC10027-014: a client whose tokens must be bound can't poll without a proof")
    func dpopRequired() async throws {
        let scene = try await DeviceScene(tv: ["dpop_bound_access_tokens": true])
        let codes = try await scene.codes()
        try await scene.approve(codes)
        #expect(try await scene.error(codes) == "invalid_dpop_proof")
    }

    @Test("a resource narrows the device's token")
    func resource() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes([("scope", "openid orders.read"), ("resource", "https://api.example.com")])
        try await scene.approve(codes)
        let claims = try JWTClaims.of(await scene.poll(codes).json()["access_token"]?.string)
        #expect(claims["aud"] == "https://api.example.com")
        #expect(claims["scope"] == "orders.read")
    }
}
