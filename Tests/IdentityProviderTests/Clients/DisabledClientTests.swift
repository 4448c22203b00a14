import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("A disabled client and its tokens are refused everywhere")
struct DisabledClientTests {
    private let web = Identifier<Client>(rawValue: "web")

    private func client(_ issuer: TestIssuer) async throws -> Client {
        try #require(try await issuer.stores.clients.find(web))
    }

    /// Disables the client the way earlier versions did, without revoking anything.
    private func disableOnly(_ issuer: TestIssuer) async throws {
        let client = try await client(issuer)
        var metadata = client.metadata
        metadata["disabled"] = true
        try await issuer.stores.clients.save(Client(metadata, secret: client.secret))
        forgetCaches(issuer)
    }

    /// Advances past the lifetime of cached clients, since no `StorageWatch` runs here.
    private func forgetCaches(_ issuer: TestIssuer) { issuer.clock.advance(by: 31) }

    private func tokens(_ issuer: TestIssuer) async throws -> JSONObject {
        try await issuer.redeem(Browser(issuer).code(scope: "openid orders.read offline_access")).json()
    }

    private func authorization(of tokens: JSONObject) throws -> Identifier<Authorization> {
        let id = try JWTClaims.of(tokens["access_token"]?.string)["jti"]?.string ?? ""
        return Identifier(rawValue: String(id.prefix { $0 != "." }))
    }

    @Test("userinfo, introspection and validation refuse a user's access token", arguments: [true, false])
    func accessToken(isDeleted: Bool) async throws {
        let issuer = try await TestIssuer()
        let token = try #require(try await tokens(issuer)["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .ok)
        #expect(try await issuer.call(.get, "/api/auth/validate", headers: bearer).status == .ok)
        if isDeleted {
            try await issuer.stores.clients.delete(web)
            forgetCaches(issuer)
        } else {
            try await disableOnly(issuer)
        }
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        #expect(try await issuer.call(.get, "/api/auth/validate", headers: bearer).status == .unauthorized)
        let seen = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(seen == ["active": false])
    }

    @Test("a token that the client got for itself is inactive", arguments: [true, false])
    func ownToken(isDeleted: Bool) async throws {
        let issuer = try await TestIssuer()
        let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]
        let token = try #require(try await issuer.token(form).json()["access_token"]?.string)
        #expect(try await issuer.token([("token", token)], client: "api", at: "/introspect").json()["active"] == true)
        if isDeleted {
            try await issuer.stores.clients.delete(web)
            forgetCaches(issuer)
        } else {
            try await disableOnly(issuer)
        }
        let seen = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(seen == ["active": false])
    }

    @Test("a disabled client can't redeem, refresh, introspect, revoke or receive post-logout redirects")
    func refused() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let tokens = try await issuer.redeem(browser.code(scope: "openid offline_access")).json()
        let code = try await browser.code()
        try await disableOnly(issuer)
        let refresh = try #require(tokens["refresh_token"]?.string)
        for answer in [
            try await issuer.redeem(code), try await issuer.refresh(refresh),
            try await issuer.token([("token", refresh)], at: "/introspect"),
            try await issuer.token([("token", refresh)], at: "/revoke"),
        ] {
            #expect(try answer.json()["error"] == "invalid_client")
        }
        let signOut = [
            ("id_token_hint", try #require(tokens["id_token"]?.string)),
            ("post_logout_redirect_uri", "https://shop.example/"),
        ]
        #expect(try await browser.get("/logout", signOut).page().template == "error")
    }

    @Test("disabling revokes and records what was granted, and enabling doesn't restore it", arguments: [true, false])
    func revoked(byFile: Bool) async throws {
        let issuer = try await TestIssuer()
        let tokens = try await tokens(issuer)
        if byFile {
            var document = try await client(issuer).metadata
            document["client_secret"] = "web-secret-web-secret-web-secret-1"
            document["disabled"] = true
            _ = try await issuer.administration.apply(ResourceSet(["clients": [.object(document)]]))
        } else {
            try await issuer.administration.setDisabled(true, client(issuer))
        }
        let id = try authorization(of: tokens)
        #expect(try await issuer.stores.authorizations.find(id)?.revokedAt == issuer.clock.now)
        let records = try await issuer.recorded().filter { $0.event == "authorizations_revoked" }
        #expect(records.map(\.client) == ["web"])
        #expect(records.map { $0.details["count"] } == [1])

        try await issuer.administration.setDisabled(false, client(issuer))
        forgetCaches(issuer)
        let refresh = try #require(tokens["refresh_token"]?.string)
        #expect(try await issuer.refresh(refresh).json()["error"] == "invalid_grant")
        let access = try #require(tokens["access_token"]?.string)
        #expect(try await issuer.token([("token", access)], at: "/introspect").json() == ["active": false])
        let fresh = try await self.tokens(issuer)
        #expect(try await issuer.refresh(fresh["refresh_token"]?.string ?? "").status == .ok)
    }

    @Test("what a node with a stale cache granted is revoked when the client is enabled again")
    func late() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code(scope: "openid offline_access")
        try await issuer.administration.setDisabled(true, client(issuer))
        // This node still has the client cached.
        let tokens = try await issuer.redeem(code).json()
        let id = try authorization(of: tokens)
        #expect(try await issuer.stores.authorizations.find(id)?.revokedAt == nil)
        try await issuer.administration.setDisabled(false, client(issuer))
        forgetCaches(issuer)
        #expect(try await issuer.stores.authorizations.find(id)?.revokedAt != nil)
        let refresh = try #require(tokens["refresh_token"]?.string)
        #expect(try await issuer.refresh(refresh).json()["error"] == "invalid_grant")
    }
}
