import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("RFC 6749 §4.1.2, §4.1.3: authorization codes")
struct AuthorizationCodeTests {
    @Test("a code works once; its replay revokes the tokens from its first use")
    func reuse() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code(scope: "openid offline_access")
        let tokens = try await issuer.redeem(code).json()
        #expect(try await issuer.redeem(code).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()["error"] == "invalid_grant")
        let bearer: HTTPFields = [.authorization: "Bearer \(tokens["access_token"]?.string ?? "")"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
    }

    @Test("of 64 concurrent redemptions, one wins")
    func race() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code()
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 { group.addTask { try await issuer.redeem(code).status == .ok } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    @Test("a code is bound to its client and redirect URI and expires after a minute")
    func bound() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code()
        let form = [("grant_type", "authorization_code"), ("code", code)]
        let own = try await issuer.token(form + [("redirect_uri", "https://shop.example/callback")], client: "own")
        #expect(try own.json()["error"] == "invalid_grant")
        let other = try await issuer.token(form + [("redirect_uri", "https://shop.example/cb?x=1")])
        #expect(try other.json()["error"] == "invalid_grant")
        #expect(try await issuer.token(form).json()["error"] == "invalid_request")
        issuer.clock.advance(by: 60)
        #expect(try await issuer.redeem(code).json()["error"] == "invalid_grant")
    }

    @Test("RFC 9700 §4.8.2: a verifier without a challenge is a downgrade, and a wrong verifier is refused")
    func downgrade() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let plain = try await browser.code()
        let verifier = [("code_verifier", Proof().verifier)]
        #expect(try await issuer.redeem(plain, verifier).json()["error"] == "invalid_grant")
        let proof = Proof()
        let bound = try await browser.code(proof.parameters)
        #expect(try await issuer.redeem(bound).json()["error"] == "invalid_grant")
        #expect(try await issuer.redeem(bound, verifier).json()["error"] == "invalid_grant")
        #expect(try await issuer.redeem(bound, [("code_verifier", proof.verifier)]).status == .ok)
    }

    @Test("a code with one changed character is refused")
    func tampered() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code()
        for index in stride(from: 0, to: code.count, by: 37) {
            var characters = Array(code)
            characters[index] = characters[index] == "A" ? "B" : "A"
            #expect(try await issuer.redeem(String(characters)).json()["error"] == "invalid_grant")
        }
        #expect(try await issuer.redeem(code).status == .ok)
    }
}

@Suite("RFC 6749 §6, RFC 9700 §4.14.2: refresh tokens")
struct RefreshTokenTests {
    private func tokens(_ issuer: TestIssuer, _ scope: String = "openid profile offline_access") async throws
        -> JSONObject
    {
        try await issuer.redeem(Browser(issuer).code(scope: scope)).json()
    }

    private func refreshToken(_ tokens: JSONObject) throws -> String {
        try #require(tokens["refresh_token"]?.string)
    }

    @Test("each use returns a successor, and the ID Token keeps its subject and auth_time")
    func rotation() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(issuer)
        issuer.clock.advance(by: 100)
        let second = try await issuer.refresh(refreshToken(first)).json()
        #expect(second["access_token"] != first["access_token"])
        #expect(second["refresh_token"] != first["refresh_token"])
        let before = try JWTClaims.of(first["id_token"]?.string)
        let after = try JWTClaims.of(second["id_token"]?.string)
        for name in ["iss", "sub", "aud", "auth_time", "azp", "nonce"] { #expect(before[name] == after[name]) }
        #expect(after["iat"] == 1_800_000_100)
        #expect(try await issuer.refresh(refreshToken(second)).status == .ok)
    }

    @Test("a retry within the grace period gets the same successor; a later one revokes the authorization")
    func reuse() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(issuer)
        let second = try await issuer.refresh(refreshToken(first)).json()
        let retry = try await issuer.refresh(refreshToken(first)).json()
        #expect(retry["refresh_token"] != nil)
        issuer.clock.advance(by: 31)
        #expect(try await issuer.refresh(refreshToken(first)).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(refreshToken(second)).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(refreshToken(retry)).json()["error"] == "invalid_grant")
    }

    @Test("a token two generations old revokes the authorization even within the grace period")
    func olderGeneration() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(issuer)
        let second = try await issuer.refresh(refreshToken(first)).json()
        let third = try await issuer.refresh(refreshToken(second)).json()
        #expect(try await issuer.refresh(refreshToken(first)).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(refreshToken(third)).json()["error"] == "invalid_grant")
    }

    @Test("64 concurrent refreshes of one token cause one rotation and no false reuse alarm")
    func race() async throws {
        let issuer = try await TestIssuer()
        let token = try refreshToken(await tokens(issuer))
        let before = issuer.database.database.committedUnits
        let answers = try await withThrowingTaskGroup(of: Response.self) { group in
            for _ in 0..<64 { group.addTask { try await issuer.refresh(token) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == .ok })
        let authorization = try JWTClaims.of(answers[0].json()["access_token"]?.string)["jti"]?.string ?? ""
        let id = Identifier<Authorization>(rawValue: String(authorization.prefix { $0 != "." }))
        #expect(try await issuer.stores.authorizations.find(id)?.generation == 1)
        #expect(issuer.database.database.committedUnits - before == 1)
    }

    @Test("another client can't use the token, and trying doesn't harm it")
    func otherClient() async throws {
        let issuer = try await TestIssuer()
        let token = try refreshToken(await tokens(issuer))
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "spa")]
        #expect(try await issuer.send(.post, "/token", form: form).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(token).status == .ok)
    }

    @Test("a refresh may narrow the scope but never widen it, and narrowing doesn't persist")
    func scope() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(issuer)
        let less = try await issuer.refresh(refreshToken(first), [("scope", "profile")]).json()
        #expect(less["scope"] == "profile")
        #expect(less["id_token"] == nil)
        let more = try await issuer.refresh(refreshToken(less), [("scope", "openid email")]).json()
        #expect(more["error"] == "invalid_scope")
        let again = try await issuer.refresh(refreshToken(less)).json()
        #expect(again["scope"] == "openid profile offline_access")
    }

    @Test("OpenID Connect Core §11: with offline_access a token outlives the session; otherwise both end together")
    func offline() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let bound = try await issuer.redeem(browser.code(scope: "openid")).json()
        let offline = try await issuer.redeem(browser.code(scope: "openid offline_access")).json()
        let hint = [("id_token_hint", try #require(bound["id_token"]?.string))]
        #expect(try await browser.get("/logout", hint).page().template == "signed-out")
        #expect(try await issuer.refresh(refreshToken(bound)).json()["error"] == "invalid_grant")
        #expect(try await issuer.refresh(refreshToken(offline)).status == .ok)
    }

    @Test("without offline_access, use doesn't extend the token beyond the session")
    func sessionTime() async throws {
        let issuer = try await TestIssuer()
        var tokens = try await tokens(issuer, "openid")
        for _ in 0..<11 {
            issuer.clock.advance(by: 3_600)
            tokens = try await issuer.refresh(refreshToken(tokens)).json()
        }
        issuer.clock.advance(by: 3_600)
        #expect(try await issuer.refresh(refreshToken(tokens)).json()["error"] == "invalid_grant")
    }

    @Test("a token expires if it isn't used for its lifetime")
    func expiry() async throws {
        let issuer = try await TestIssuer()
        let first = try await tokens(issuer)
        issuer.clock.advance(by: 29 * 86_400)
        let second = try await issuer.refresh(refreshToken(first)).json()
        issuer.clock.advance(by: 29 * 86_400)
        let third = try await issuer.refresh(refreshToken(second)).json()
        issuer.clock.advance(by: 31 * 86_400)
        #expect(try await issuer.refresh(refreshToken(third)).json()["error"] == "invalid_grant")
    }
}

@Suite("RFC 6749 §4.4, RFC 8707, RFC 9068: tokens for resource servers")
struct ResourceTests {
    @Test("the client credentials grant involves no user or refresh token and writes nothing")
    func clientCredentials() async throws {
        let issuer = try await TestIssuer()
        let before = issuer.database.database.committedUnits
        let answer = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.read")]).json()
        #expect(issuer.database.database.committedUnits == before)
        #expect(answer["refresh_token"] == nil)
        #expect(answer["id_token"] == nil)
        let claims = try JWTClaims.of(answer["access_token"]?.string)
        #expect(claims["sub"] == "web")
        #expect(claims["aud"] == "https://api.example.com")
        let person = try await issuer.token([("grant_type", "client_credentials"), ("scope", "openid")]).json()
        #expect(person["error"] == "invalid_scope")
    }

    @Test("an opaque token reveals nothing, lives as long as its resource server sets, and can be introspected")
    func opaque() async throws {
        let issuer = try await TestIssuer()
        let answer = try await issuer.token([("grant_type", "client_credentials"), ("scope", "reports.read")]).json()
        let token = try #require(answer["access_token"]?.string)
        #expect(!token.contains("."))
        #expect(answer["expires_in"] == 120)
        let seen = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(seen["active"] == true)
        #expect(seen["aud"] == "https://reports.example.com")
        issuer.clock.advance(by: 120)
        let late = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(late == ["active": false])
    }

    @Test("a token for one resource has no scopes of another")
    func narrowed() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code(scope: "openid orders.read reports.read")
        let answer = try await issuer.redeem(code, [("resource", "https://api.example.com")]).json()
        let claims = try JWTClaims.of(answer["access_token"]?.string)
        #expect(claims["aud"] == "https://api.example.com")
        #expect(claims["scope"] == "orders.read")
    }

    @Test("a resource that was not granted is refused with invalid_target")
    func notGranted() async throws {
        let issuer = try await TestIssuer()
        let code = try await Browser(issuer).code(scope: "openid orders.read")
        let answer = try await issuer.redeem(code, [("resource", "https://reports.example.com")]).json()
        #expect(answer["error"] == "invalid_target")
    }
}
