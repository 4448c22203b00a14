import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// An issuer with resource servers that not every client may use.
private enum Example {
    static let admin = "https://admin-api.example"
    static let orders = "https://orders.example"
    static let reports = "https://reports.example"

    static let resources = """
        {"roles": [{"name": "admin", "permissions": ["users:write"]}],
         "users": [{"username": "alice", "password": "correct horse", "roles": ["admin"]}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional",
             "redirect_uris": ["https://shop.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile offline_access admin orders reports"},
            {"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1", "consent": "skip",
             "redirect_uris": ["https://own.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid offline_access"}],
         "resource_servers": [
            {"identifier": "\(admin)", "scopes": ["admin"], "claims": ["roles", "permissions"]},
            {"identifier": "\(orders)", "scopes": ["orders"]},
            {"identifier": "\(reports)", "scopes": ["reports"], "access_token": "opaque",
             "introspection_clients": ["own"]}]}
        """

    static func issuer() async throws -> TestIssuer { try await TestIssuer(resources: resources) }

    static func ownRequest(_ more: [(String, String)]) -> [(String, String)] {
        [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid"),
        ] + more
    }

    /// Registers `web` for `scope` only and lets the caches expire.
    static func register(_ issuer: TestIssuer, scope: String) async throws {
        try await issuer.apply(
            """
            {"clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional",
             "redirect_uris": ["https://shop.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"], "scope": "\(scope)"}]}
            """)
        issuer.clock.advance(by: 31)
    }
}

@Suite("RFC 8707 §2: clients need a resource server's scope to get tokens for it")
struct ResourceIndicatorTests {
    @Test(
        "at the authorization endpoint, resource requires one of the server's scopes, registered and requested",
        arguments: [
            Example.ownRequest([("resource", Example.admin)]),
            Browser.webRequest(scope: "openid", [("resource", Example.admin)]),
            Browser.webRequest(scope: "openid orders", [("resource", Example.admin)]),
            Browser.webRequest(scope: "openid orders", [("resource", Example.orders), ("resource", Example.admin)]),
        ])
    func authorizationRefused(_ request: [(String, String)]) async throws {
        let answer = try await Browser(Example.issuer()).get("/authorize", request).answer()
        #expect(answer["error"] == "invalid_target")
        #expect(answer["code"] == nil)
    }

    @Test(
        "the client credentials grant has the same requirement",
        arguments: [
            ("own", [("resource", Example.admin)], "invalid_target"),
            ("web", [("resource", Example.admin), ("scope", "orders")], "invalid_target"),
            ("web", [("resource", Example.admin), ("resource", "https://unknown.example")], "invalid_target"),
            ("web", [("resource", Example.admin)], nil), ("own", [], nil),
        ] as [(String, [(String, String)], String?)])
    func clientCredentials(_ client: String, _ more: [(String, String)], _ error: String?) async throws {
        let answer = try await Example.issuer().token([("grant_type", "client_credentials")] + more, client: client)
            .json()
        #expect(answer["error"]?.string == error)
        guard error == nil else { return }
        let claims = try JWTClaims.of(answer["access_token"]?.string)
        #expect(claims["aud"]?.string == (more.isEmpty ? "https://id.example.com" : Example.admin))
        #expect(claims["scope"]?.string == (more.isEmpty ? nil : "admin"))
    }

    @Test(
        "RFC8707-001: the identifier of a resource server is an absolute URI without a fragment",
        arguments: [
            ("https://orders.example", true), ("https://orders.example/v1?x=1", true), ("urn:example:orders", true),
            ("https://orders.example#", false), ("https://orders.example/#a", false), ("orders.example", false),
            ("/orders", false), ("", false),
        ])
    func identifier(_ text: String, isValid: Bool) throws {
        let document: JSONObject = [
            "resource_servers": [["identifier": .string(text), "scopes": ["orders"]]]
        ]
        #expect(((try? ResourceSet(document)) != nil) == isValid)
    }

    @Test("resource drops the scopes of other servers from the consent and the tokens")
    func narrowed() async throws {
        let issuer = try await Example.issuer()
        let browser = Browser(issuer)
        let request = Browser.webRequest(
            scope: "openid offline_access orders admin reports", [("resource", Example.orders)])
        let code = try await browser.authorize(request).answer().required("code")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        let consent = try await issuer.stores.consents.find(user: alice.id, client: Identifier(rawValue: "web"))
        #expect(consent?.scope.text == "openid offline_access orders")

        let tokens = try await issuer.redeem(code).json()
        #expect(tokens["scope"]?.string == "openid offline_access orders")
        let next = try await issuer.refresh(tokens["refresh_token"]?.string ?? "").json()
        for token in [tokens["access_token"]?.string, next["access_token"]?.string] {
            let claims = try JWTClaims.of(token)
            #expect(claims["aud"]?.string == Example.orders)
            #expect(claims["scope"]?.string == "orders")
            #expect(claims["roles"] == nil)
        }
        let wider = [("resource", Example.admin)]
        let refused = try await issuer.refresh(next["refresh_token"]?.string ?? "", wider).json()
        #expect(refused["error"] == "invalid_target")
        #expect(try await issuer.refresh(next["refresh_token"]?.string ?? "").status == .ok)
    }

    @Test("a request without resource covers every server of its scopes; the token request selects among them")
    func chosen() async throws {
        let issuer = try await Example.issuer()
        let code = try await Browser(issuer).code(scope: "openid offline_access orders admin")
        let tokens = try await issuer.redeem(code).json()
        #expect(
            try JWTClaims.of(tokens["access_token"]?.string)["aud"]
                == [.string(Example.admin), .string(Example.orders), "https://id.example.com"])
        let chosen = try await issuer.refresh(
            tokens["refresh_token"]?.string ?? "", [("resource", Example.admin)]
        ).json()
        #expect(chosen["scope"]?.string == "openid offline_access admin")
        let claims = try JWTClaims.of(chosen["access_token"]?.string)
        #expect(claims["aud"]?.string == Example.admin)
        #expect(claims["scope"]?.string == "admin")
        #expect(claims["roles"] == ["admin"])
        // A refresh that drops scopes loses their servers.
        let less = [("scope", "openid orders"), ("resource", Example.admin)]
        #expect(
            try await issuer.refresh(chosen["refresh_token"]?.string ?? "", less).json()["error"] == "invalid_target")
    }

    @Test("a resource server's token contains the user's roles only with one of that server's scopes")
    func roles() async throws {
        let issuer = try await Example.issuer()
        let without = try await issuer.redeem(Browser(issuer).code(scope: "openid orders")).json()
        #expect(try JWTClaims.of(without["access_token"]?.string)["roles"] == nil)
        let with = try await issuer.redeem(Browser(issuer).code(scope: "admin")).json()
        let claims = try JWTClaims.of(with["access_token"]?.string)
        #expect(claims["roles"] == ["admin"])
        #expect(claims["permissions"] == ["users:write"])
    }

    @Test("a scope that is no longer registered is neither refreshed nor redeemed")
    func unregistered() async throws {
        let issuer = try await Example.issuer()
        let browser = Browser(issuer)
        let mixed = try await issuer.redeem(browser.code(scope: "openid offline_access orders admin")).json()
        let alone = try await issuer.redeem(browser.code(scope: "offline_access admin")).json()
        let narrow = try await browser.code(scope: "openid admin", [("resource", Example.admin)])
        try await Example.register(issuer, scope: "openid orders")
        let next = try await issuer.refresh(mixed["refresh_token"]?.string ?? "").json()
        #expect(next["scope"]?.string == "openid orders")
        #expect(
            try JWTClaims.of(next["access_token"]?.string)["aud"]
                == [.string(Example.orders), "https://id.example.com"])
        let gone = try await issuer.refresh(alone["refresh_token"]?.string ?? "").json()
        #expect(gone["error"] == "invalid_scope")
        #expect(try await issuer.redeem(narrow).json()["error"] == "invalid_target")
    }
}

@Suite("RFC 8707 §2: what was issued before resource servers required a scope")
struct FormerResourceTests {
    private func sealer(of issuer: TestIssuer) throws -> Sealer {
        Sealer(issuer.vault)
    }

    /// For the admin API, without any of its scopes.
    private func granted(_ issuer: TestIssuer, _ session: Identifier<Session>) async throws -> Granted {
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        return Granted(
            client: Identifier(rawValue: "web"), user: alice.id, session: session, scope: ["openid", "offline_access"],
            resources: [Example.admin], authenticatedAt: issuer.clock.now, amr: ["pwd"], acr: "urn:martlet:acr:1")
    }

    private func session(_ issuer: TestIssuer) async throws -> Identifier<Session> {
        _ = try await Browser(issuer).code(scope: "openid")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        return try #require(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).first).id
    }

    @Test("neither a code nor a refresh token yields a token for the resource server, and neither is used up")
    func refused() async throws {
        let issuer = try await Example.issuer()
        let former = try await granted(issuer, session(issuer))
        let code = AuthorizationCode(
            id: .random(), granted: former, redirectURI: "https://shop.example/callback", pkce: nil,
            expiresAt: issuer.clock.now.addingTimeInterval(60))
        let sealedCode = try sealer(of: issuer).seal(code, for: .authorizationCode)
        #expect(try await issuer.redeem(sealedCode).json()["error"] == "invalid_target")
        #expect(try await issuer.stores.authorizations.find(code.id) == nil)

        let stored = Authorization(
            id: .random(), granted: former, expiresAt: issuer.clock.now.addingTimeInterval(86_400))
        #expect(try await issuer.stores.authorizations.create(stored, interest: nil, at: issuer.clock.now))
        let token = try sealer(of: issuer).seal(
            RefreshToken(authorization: stored.id, generation: 0), for: .refreshToken)
        #expect(try await issuer.refresh(token).json()["error"] == "invalid_target")
        #expect(try await issuer.stores.authorizations.find(stored.id)?.generation == 0)
    }

    @Test("introspection tells the resource server that the access token is inactive")
    func introspection() async throws {
        let issuer = try await Example.issuer()
        func token(scope: Scope) throws -> String {
            let token = AccessToken(
                id: AccessToken.makeID(below: nil), authorization: nil, client: Identifier(rawValue: "web"), user: nil,
                scope: scope, audience: [Example.reports], issuedAt: issuer.clock.now,
                expiresAt: issuer.clock.now.addingTimeInterval(60), authenticatedAt: nil, amr: [], acr: nil)
            return try sealer(of: issuer).seal(token, for: .accessToken)
        }
        func isActive(_ token: String) async throws -> Bool {
            try await issuer.token([("token", token)], client: "own", at: "/introspect").json()["active"] == true
        }
        #expect(try await isActive(token(scope: ["reports"])))
        #expect(try await !isActive(token(scope: [])))
        #expect(try await !isActive(token(scope: ["openid", "orders"])))
    }
}
