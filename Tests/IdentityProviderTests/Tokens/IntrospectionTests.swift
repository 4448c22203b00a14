import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 7662: introspection")
struct IntrospectionTests {
    private func introspect(_ issuer: TestIssuer, _ token: String, by client: String) async throws -> JSONObject {
        try await issuer.token([("token", token)], client: client, at: "/introspect").json()
    }

    @Test("the owner and the resource server see the token; to other clients it looks invalid")
    func audience() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid orders.read offline_access")).json()
        let access = try #require(tokens["access_token"]?.string)
        let seen = try await introspect(issuer, access, by: "api")
        #expect(seen["active"] == true)
        #expect(seen["username"] == "alice")
        #expect(seen["scope"] == "openid orders.read offline_access")
        #expect(try await introspect(issuer, access, by: "web")["active"] == true)
        #expect(try await introspect(issuer, access, by: "own") == ["active": false])

        let refresh = try #require(tokens["refresh_token"]?.string)
        #expect(try await introspect(issuer, refresh, by: "web")["active"] == true)
        #expect(try await introspect(issuer, refresh, by: "api") == ["active": false])
        #expect(try await introspect(issuer, "rubbish", by: "api") == ["active": false])
        let idToken = try #require(tokens["id_token"]?.string)
        #expect(try await introspect(issuer, idToken, by: "web") == ["active": false])
    }

    @Test("a client without a secret can't introspect")
    func unauthenticated() async throws {
        let issuer = try await TestIssuer()
        let response = try await issuer.send(.post, "/introspect", form: [("token", "x"), ("client_id", "spa")])
        #expect(response.status == .unauthorized)
    }

    @Test("expired tokens and tokens of disabled users are inactive")
    func inactive() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code()).json()
        let access = try #require(tokens["access_token"]?.string)
        issuer.clock.advance(by: 599)
        #expect(try await introspect(issuer, access, by: "web")["active"] == true)
        issuer.clock.advance(by: 1)
        #expect(try await introspect(issuer, access, by: "web") == ["active": false])
        let fresh = try await issuer.redeem(Browser(issuer).code()).json()
        let user = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.setDisabled(true, user)
        #expect(try await introspect(issuer, fresh["access_token"]?.string ?? "", by: "web") == ["active": false])
    }
}

@Suite("RFC 7009: revocation")
struct RevocationTests {
    @Test("revoking either token revokes the whole authorization", arguments: ["access_token", "refresh_token"])
    func revoke(_ kind: String) async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access")).json()
        let token = try #require(tokens[kind]?.string)
        let access = try #require(tokens["access_token"]?.string)
        #expect(try await issuer.token([("token", token)], at: "/revoke").status == .ok)
        #expect(try await issuer.token([("token", access)], at: "/introspect").json() == ["active": false])
        let refresh = tokens["refresh_token"]?.string ?? ""
        #expect(try await issuer.refresh(refresh).json()["error"] == "invalid_grant")
    }

    @Test("a client credentials token is revoked on its own")
    func clientToken() async throws {
        let issuer = try await TestIssuer()
        let grant = [("grant_type", "client_credentials")]
        let first = try await issuer.token(grant).json()["access_token"]?.string ?? ""
        let second = try await issuer.token(grant).json()["access_token"]?.string ?? ""
        #expect(try await issuer.token([("token", first)], at: "/revoke").status == .ok)
        #expect(try await issuer.token([("token", first)], at: "/introspect").json() == ["active": false])
        #expect(try await issuer.token([("token", second)], at: "/introspect").json()["active"] == true)
    }

    @Test("§2.1: another client's token is refused and stays valid; revoking garbage succeeds")
    func others() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code()).json()
        let access = try #require(tokens["access_token"]?.string)
        #expect(try await issuer.token([("token", access)], client: "own", at: "/revoke").status == .badRequest)
        #expect(try await issuer.token([("token", access)], at: "/introspect").json()["active"] == true)
        #expect(try await issuer.token([("token", "rubbish")], at: "/revoke").status == .ok)
        #expect(try await issuer.token([], at: "/revoke").json()["error"] == "invalid_request")
    }
}

@Suite("OpenID Connect Core §5.3, RFC 6750: userinfo")
struct UserInfoTests {
    @Test("the token is accepted in the header or the form, but not in the query or in both")
    func carriers() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid address phone")).json()
        let token = try #require(tokens["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "bearer \(token)"]
        let claims = try await issuer.send(.get, "/userinfo", headers: bearer).json()
        #expect(claims["address"] == ["country": "GB"])
        #expect(claims["phone_number"] == "+44 1")
        #expect(claims["name"] == nil)
        #expect(try await issuer.send(.post, "/userinfo", form: [("access_token", token)]).status == .ok)
        #expect(try await issuer.send(.post, "/userinfo", headers: bearer).status == .ok)
        #expect(try await issuer.send(.get, "/userinfo", query: "access_token=\(token)").status == .unauthorized)
        let both = try await issuer.send(.post, "/userinfo", form: [("access_token", token)], headers: bearer)
        #expect(both.status == .badRequest)
    }

    @Test("without a token the challenge contains no error; with a bad one it contains invalid_token")
    func challenges() async throws {
        let issuer = try await TestIssuer()
        let none = try await issuer.send(.get, "/userinfo")
        #expect(none.status == .unauthorized)
        #expect(
            none.headers[.wwwAuthenticate]?.hasPrefix("Bearer realm=\"martlet\", DPoP realm=\"martlet\", algs=") == true
        )
        let bad = try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer x"])
        #expect(bad.status == .unauthorized)
        #expect(bad.headers[.wwwAuthenticate]?.contains("error=\"invalid_token\"") == true)
    }

    @Test("API tokens, ID Tokens and tokens without openid are refused")
    func otherTokens() async throws {
        let issuer = try await TestIssuer()
        let api = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.read")]).json()
        let own = try await issuer.redeem(Browser(issuer).code()).json()
        for token in [api["access_token"]?.string, own["id_token"]?.string] {
            let bearer: HTTPFields = [.authorization: "Bearer \(token ?? "")"]
            #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        }
        let proof = Proof()
        let code = try await Browser(issuer).code(scope: "profile", proof.parameters)
        let profile = try await issuer.redeem(code, [("code_verifier", proof.verifier)]).json()
        let bearer: HTTPFields = [.authorization: "Bearer \(profile["access_token"]?.string ?? "")"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .forbidden)
    }
}
