import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9700 §4.14.2: refresh token lifetimes")
struct RefreshLifetimeTests {
    private func tokens(_ issuer: TestIssuer, _ scope: String = "openid offline_access") async throws -> JSONObject {
        try await issuer.redeem(Browser(issuer).code(scope: scope)).json()
    }

    private func refreshToken(_ tokens: JSONObject) throws -> String {
        try #require(tokens["refresh_token"]?.string)
    }

    private func introspect(_ issuer: TestIssuer, _ token: String) async throws -> JSONObject {
        try await issuer.token([("token", token)], at: "/introspect").json()
    }

    private func seconds(_ issuer: TestIssuer, _ days: Double = 0) -> JSON {
        .integer(Int(issuer.clock.now.timeIntervalSince1970 + days * 86_400))
    }

    @Test("use doesn't extend a token beyond its absolute lifetime, and introspection reports the end")
    func absolute() async throws {
        let issuer = try await TestIssuer()
        let end = seconds(issuer, 180)
        var tokens = try await tokens(issuer)
        #expect(try await introspect(issuer, refreshToken(tokens))["exp"] == seconds(issuer, 30))
        for _ in 0..<8 {
            issuer.clock.advance(by: 20 * 86_400)
            try await issuer.provider.keyRotation.run()
            tokens = try await issuer.refresh(refreshToken(tokens)).json()
        }
        // After 160 days, 20 are left instead of 30.
        #expect(try await introspect(issuer, refreshToken(tokens))["exp"] == end)
        issuer.clock.advance(by: 20 * 86_400 - 1)
        tokens = try await issuer.refresh(refreshToken(tokens)).json()
        #expect(try await introspect(issuer, refreshToken(tokens))["exp"] == end)
        issuer.clock.advance(by: 1)
        #expect(try await introspect(issuer, refreshToken(tokens)) == ["active": false])
        #expect(try await issuer.refresh(refreshToken(tokens)).json()["error"] == "invalid_grant")
    }

    @Test("the absolute lifetime also limits a new token")
    func atIssue() async throws {
        let issuer = try await TestIssuer { $0.lifetimes.refreshTokenAbsolute = 3_600 }
        let tokens = try await tokens(issuer)
        #expect(try await introspect(issuer, refreshToken(tokens))["exp"] == seconds(issuer, 1 / 24))
        issuer.clock.advance(by: 3_600)
        #expect(try await issuer.refresh(refreshToken(tokens)).json()["error"] == "invalid_grant")
    }

    @Test("the JSON API follows the same rule")
    func firstParty() async throws {
        let issuer = try await TestIssuer(resources: FrontEnd.resources) { $0.lifetimes.refreshTokenAbsolute = 3_600 }
        let front = FrontEnd(issuer)
        let tokens = try await front.login(FrontEnd.alice + #","client_id":"app","scope":"openid offline_access""#)
        issuer.clock.advance(by: 3_599)
        let next = try await front.refresh(refreshToken(tokens)).json()
        issuer.clock.advance(by: 1)
        #expect(try await front.refresh(refreshToken(next)).status == .unauthorized)
    }

    @Test("an unused token expires after its idle lifetime, however short")
    func idle() async throws {
        let issuer = try await TestIssuer { $0.lifetimes.refreshToken = 60 }
        var tokens = try await tokens(issuer)
        issuer.clock.advance(by: 59)
        tokens = try await issuer.refresh(refreshToken(tokens)).json()
        issuer.clock.advance(by: 60)
        #expect(try await introspect(issuer, refreshToken(tokens)) == ["active": false])
        #expect(try await issuer.refresh(refreshToken(tokens)).json()["error"] == "invalid_grant")
    }

    @Test("an authorization stored by an earlier version counts from its sign-in")
    func former() {
        let (signIn, lifetimes) = (Date(timeIntervalSince1970: 1_800_000_000), Lifetimes())
        let granted = Granted(
            client: Identifier(rawValue: "web"), user: Identifier(rawValue: "alice"),
            scope: ["openid", "offline_access"], authenticatedAt: signIn)
        func end(rotatedAt: TimeInterval?, kept: TimeInterval) -> TimeInterval {
            let authorization = Authorization(
                id: .random(), granted: granted, rotatedAt: rotatedAt.map { signIn + $0 * 86_400 },
                expiresAt: signIn + kept * 86_400)
            return RefreshLifetime.end(of: authorization, lifetimes).timeIntervalSince(signIn) / 86_400
        }
        // Never used, so the stored expiry applies.
        #expect(end(rotatedAt: nil, kept: 30.5) == 30.5)
        #expect(end(rotatedAt: 100, kept: 130) == 130)
        #expect(end(rotatedAt: 170, kept: 200) == 180)
        #expect(end(rotatedAt: 400, kept: 430) == 180)
    }

    @Test("a document stored by an earlier version is readable, and a new one contains its start")
    func document() throws {
        let text = #"{"client":"web","scope":"openid offline_access","resources":[],"amr":["pwd"]}"#
        let former = try JSONDecoder().decode(Granted.self, from: Data(text.utf8))
        #expect(former.begunAt == nil)
        let begun = former.begun(at: Date(timeIntervalSince1970: 1_800_000_000.125))
        #expect(try JSONDecoder().decode(Granted.self, from: JSONEncoder().encode(begun)) == begun)
    }

    @Test("introspection reports a session-bound token as active only while its session lasts")
    func session() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(issuer, "openid")
        #expect(try await introspect(issuer, refreshToken(tokens))["exp"] == seconds(issuer, 0.5))
        issuer.clock.advance(by: 12 * 3_600 - 1)
        #expect(try await introspect(issuer, refreshToken(tokens))["active"] == true)
        issuer.clock.advance(by: 1)
        #expect(try await introspect(issuer, refreshToken(tokens)) == ["active": false])
    }

    @Test("the stored end of the session applies, not the current setting", arguments: TestEngine.allCases)
    func storedSession(_ engine: TestEngine) async throws {
        let database = try await TestDatabase(engine)
        let issuer = try await TestIssuer(database: database) { $0.lifetimes.session = 600 }
        let tokens = try await tokens(issuer, "openid")
        let offline = try await self.tokens(issuer)
        // A node started with a different setting.
        let other = try await TestIssuer(clock: issuer.clock, database: database) { $0.lifetimes.session = 3_600 }
        #expect(try await introspect(other, refreshToken(tokens))["exp"] == .integer(1_800_000_600))
        issuer.clock.advance(by: 600)
        #expect(try await introspect(other, refreshToken(tokens)) == ["active": false])
        #expect(try await introspect(other, refreshToken(offline))["active"] == true)
    }

    @Test(
        "the grace period for a repeated refresh is the client's own, or else the issuer's",
        arguments: [nil, 0, 5, 300])
    func grace(_ seconds: Int?) async throws {
        let issuer = try await TestIssuer()
        let client = try #require(try await issuer.stores.clients.find(Identifier(rawValue: "web")))
        var metadata = client.metadata
        metadata["refresh_token_grace"] = seconds.map(JSON.integer)
        try await issuer.stores.clients.save(Client(metadata, secret: client.secret))
        let length = TimeInterval(seconds ?? 30)
        if length > 0 {
            let token = try refreshToken(await tokens(issuer))
            #expect(try await issuer.refresh(token).status == .ok)
            issuer.clock.advance(by: length)
            #expect(try await issuer.refresh(token).status == .ok)
        }
        let token = try refreshToken(await tokens(issuer))
        let next = try await issuer.refresh(token).json()
        if length > 0 { issuer.clock.advance(by: length + 0.001) }
        #expect(try await issuer.refresh(token).json()["error"] == "invalid_grant")
        // Reuse revokes the whole authorization.
        #expect(try await issuer.refresh(refreshToken(next)).json()["error"] == "invalid_grant")
    }
}
