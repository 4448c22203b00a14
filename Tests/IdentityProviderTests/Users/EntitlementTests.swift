import SQLStorage
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import ServiceLifecycle
import TestSupport
import Testing

@Suite("Roles, groups and permissions (RFC 9068 §2.2.3.1)")
struct EntitlementTests {
    private static let resources = """
        {"roles": [
            {"name": "editor", "permissions": ["posts:write", "posts:read"]},
            {"name": "reader", "permissions": ["posts:read", "reports:read"]},
            {"name": "admin", "permissions": ["users:write"]}],
         "groups": [{"name": "press", "description": "Writes", "roles": ["editor", "gone"]}, {"name": "idle"}],
         "users": [
            {"username": "alice", "password": "correct horse", "roles": ["reader", "nowhere"],
             "groups": ["press", "missing", "idle"]},
            {"username": "bob", "password": "battery staple"}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile offline_access roles groups permissions posts reports plain"},
            {"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1", "consent": "skip",
             "redirect_uris": ["https://own.example/callback"], "scope": "openid profile"},
            {"client_id": "api", "client_secret": "api-secret-api-secret-api-secret-1", "grant_types": []}],
         "resource_servers": [
            {"identifier": "https://posts.example", "scopes": ["posts"], "claims": ["roles", "permissions"],
             "permissions": ["posts:read", "posts:write"], "introspection_clients": ["api"]},
            {"identifier": "https://reports.example", "scopes": ["reports"], "access_token": "opaque",
             "claims": ["groups", "entitlements", "permissions"], "introspection_clients": ["api"]},
            {"identifier": "https://plain.example", "scopes": ["plain"], "introspection_clients": ["api"]}]}
        """

    private func texts(_ value: JSON?) -> [String]? { value?.array?.compactMap(\.string) }

    private func tokens(_ issuer: TestIssuer, _ scope: String, _ more: [(String, String)] = []) async throws
        -> JSONObject
    {
        let proof = Proof()
        let code = try await Browser(issuer).code(scope: scope, more + proof.parameters)
        return try await issuer.redeem(code, [("code_verifier", proof.verifier)]).json()
    }

    private func userInfo(_ issuer: TestIssuer, _ tokens: JSONObject) async throws -> JSONObject {
        let token = tokens["access_token"]?.string ?? ""
        return try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(token)"]).json()
    }

    private func claims(_ tokens: JSONObject, _ name: String) throws -> JSONObject {
        try JWT.unverifiedClaims(of: tokens[name]?.string ?? "")
    }

    @Test("each scope releases its claim, at userinfo and in the ID Token, with direct and group roles")
    func scopes() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let tokens = try await tokens(issuer, "openid roles groups permissions")
        for claims in [try await userInfo(issuer, tokens), try claims(tokens, "id_token")] {
            #expect(texts(claims["roles"]) == ["editor", "reader"])
            #expect(texts(claims["groups"]) == ["idle", "press"])
            #expect(texts(claims["permissions"]) == ["posts:read", "posts:write", "reports:read"])
        }
        #expect(try claims(tokens, "access_token")["roles"] == nil)
    }

    @Test(
        "a client gets only the claims it asked for",
        arguments: [("openid profile", []), ("openid groups", ["groups"]), ("openid permissions", ["permissions"])])
    func asked(_ scope: String, _ expected: [String]) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let tokens = try await tokens(issuer, scope)
        for claims in [try await userInfo(issuer, tokens), try claims(tokens, "id_token")] {
            #expect(["roles", "groups", "permissions"].filter { claims[$0] != nil } == expected)
        }
    }

    @Test("claims are withheld without scope, without registration, or if requested only by the claims parameter")
    func notRegistered() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let without = Browser.webRequest().filter { $0.0 != "scope" }
        let code = try await Browser(issuer).authorize(without).answer().required("code")
        let scope = try await issuer.redeem(code).json()["scope"]?.string ?? ""
        #expect(scope == "openid profile posts reports plain")
        let own = [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid roles permissions"), ("nonce", "n"),
            ("claims", #"{"userinfo":{"roles":null},"id_token":{"roles":null,"permissions":null}}"#),
        ]
        let answer = try await Browser(issuer).authorize(own).answer().required("code")
        let response = try await issuer.token(
            [("grant_type", "authorization_code"), ("code", answer), ("redirect_uri", "https://own.example/callback")],
            client: "own")
        let tokens = try response.json()
        #expect(tokens["scope"]?.string == "openid")
        #expect(try claims(tokens, "id_token")["roles"] == nil)
        #expect(try claims(tokens, "id_token")["permissions"] == nil)
        #expect(try await userInfo(issuer, tokens).names == ["sub"])
    }

    @Test("roles need consent, even if the claims parameter requests them")
    func consent() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let browser = Browser(issuer)
        _ = try await browser.code(scope: "openid profile")
        let silent: [(String, String)] = [("prompt", "none")]
        let refused = try await browser.get("/authorize", Browser.webRequest(scope: "openid roles", silent)).answer()
        #expect(refused["error"] == "consent_required")
        let hidden = Browser.webRequest(scope: "openid", silent + [("claims", #"{"id_token":{"groups":null}}"#)])
        #expect(try await browser.get("/authorize", hidden).answer()["error"] == "consent_required")
        let page = try await browser.get("/authorize", Browser.webRequest(scope: "openid roles")).page()
        #expect(page.template == "consent")
        guard case .list(let asked)? = page.data["requested"], case .object(let first)? = asked.first else {
            throw Unexpected("no list of requested scopes")
        }
        #expect(asked.count == 1)
        #expect(first.keys.sorted() == ["is_roles", "scope"])
    }

    @Test("a resource server's tokens contain its configured claims and only its own permissions")
    func accessToken() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let posts = try claims(try await tokens(issuer, "posts"), "access_token")
        #expect(texts(posts["roles"]) == ["editor", "reader"])
        #expect(texts(posts["permissions"]) == ["posts:read", "posts:write"])
        #expect(posts["groups"] == nil)
        #expect(posts["entitlements"] == nil)
        let plain = try claims(try await tokens(issuer, "plain"), "access_token")
        #expect(["roles", "groups", "permissions", "entitlements"].allSatisfy { plain[$0] == nil })
        let both = try claims(try await tokens(issuer, "posts plain"), "access_token")
        #expect(["roles", "groups", "permissions", "entitlements"].allSatisfy { both[$0] == nil })
    }

    @Test("an opaque token contains no claims, but introspection returns them to its resource server")
    func introspection() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let token = try await tokens(issuer, "reports")["access_token"]?.string ?? ""
        let answer = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(answer["active"] == true)
        #expect(texts(answer["groups"]) == ["idle", "press"])
        #expect(texts(answer["entitlements"]) == ["posts:read", "posts:write", "reports:read"])
        #expect(texts(answer["permissions"]) == texts(answer["entitlements"]))
        #expect(answer["roles"] == nil)
    }

    @Test("a client credentials token has no roles")
    func clientAlone() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let answer = try await issuer.token([("grant_type", "client_credentials"), ("scope", "posts roles")]).json()
        #expect(answer["scope"]?.string == "posts")
        #expect(try claims(answer, "access_token")["roles"] == nil)
    }

    @Test("a refresh returns current permissions rather than those at sign-in", arguments: TestEngine.allCases)
    func refresh(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(resources: Self.resources, database: TestDatabase(engine))
        let first = try await tokens(issuer, "openid offline_access roles permissions")
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.withdraw(Membership(groups: ["press"]), from: alice.id)
        try await issuer.administration.assign(Membership(roles: ["admin"]), to: alice.id)
        let second = try await issuer.refresh(first["refresh_token"]?.string ?? "").json()
        #expect(texts(try claims(second, "id_token")["roles"]) == ["admin", "reader"])
        #expect(
            texts(try claims(second, "id_token")["permissions"]) == ["posts:read", "reports:read", "users:write"])
        #expect(texts(try await userInfo(issuer, first)["roles"]) == ["admin", "reader"])
        let less = [("scope", "openid offline_access")]
        let third = try await issuer.refresh(second["refresh_token"]?.string ?? "", less).json()
        #expect(try claims(third, "id_token")["roles"] == nil)
    }

    @Test("a deleted role isn't regained when another is created with its name", arguments: TestEngine.allCases)
    func deletion(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(resources: Self.resources, database: TestDatabase(engine))
        try await issuer.administration.deleteRole("reader")
        try await issuer.administration.deleteGroup("press")
        try await issuer.stores.roles.save(Role(name: "reader", permissions: ["everything"]))
        try await issuer.stores.groups.save(Group(name: "press", roles: ["admin"]))
        let tokens = try await tokens(issuer, "openid roles groups permissions")
        let claims = try await userInfo(issuer, tokens)
        #expect(texts(claims["roles"]) == [])
        #expect(texts(claims["groups"]) == ["idle"])
        #expect(texts(claims["permissions"]) == [])
    }

    @Test(
        "concurrent changes to one user are all kept, and an unknown name is refused", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(resources: Self.resources, database: TestDatabase(engine))
        let bob = try #require(try await issuer.stores.users.find(named: "bob"))
        for number in 0..<12 { try await issuer.stores.roles.save(Role(name: "role-\(number)", permissions: [])) }
        _ = try await TestSupport.race(12) { number in
            try await issuer.administration.assign(Membership(roles: ["role-\(number)"]), to: bob.id)
        }
        #expect(try await issuer.stores.users.find(bob.id)?.roles.count == 12)
        for wrong in [Membership(roles: ["editor", "edtior"]), Membership(groups: ["pres"])] {
            await #expect(throws: NoSuchName.self) { try await issuer.administration.assign(wrong, to: bob.id) }
        }
        #expect(try await issuer.stores.users.find(bob.id)?.membership.groups == [])
    }

    @Test("roles are cached and reloaded after a change on another node")
    func cached() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let access = try await tokens(issuer, "openid roles")
        // Another node changes the role. This node notices through the storage version.
        let services = Task {
            try await withThrowingTaskGroup { group in
                for service in issuer.provider.services { group.addTask { try await service.run() } }
                try await group.waitForAll()
            }
        }
        defer { services.cancel() }
        try await issuer.stores.roles.delete("reader")
        try await until("the change is visible", seconds: 5) {
            texts(try await userInfo(issuer, access)["roles"]) == ["editor"]
        }
    }

    @Test("metadata lists the scopes and claims")
    func metadata() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let document = try await issuer.send(.get, "/.well-known/openid-configuration").json()
        for member in ["scopes_supported", "claims_supported"] {
            let values = texts(document[member]) ?? []
            #expect(["roles", "groups", "permissions"].allSatisfy(values.contains), "\(member)")
        }
    }

    @Test(
        "names that can't be transmitted safely are refused with their location",
        arguments: [
            (#"{"roles": [{"name": "a,b"}]}"#, "roles[0].name"), (#"{"roles": [{"name": "a b"}]}"#, "roles[0].name"),
            (#"{"groups": [{"name": "a\r\nX: y"}]}"#, "groups[0].name"),
            (#"{"groups": [{"name": "a", "roles": [""]}]}"#, "groups[0].roles[0]"),
            (#"{"groups": [{"name": "a", "members": []}]}"#, "groups[0].members"),
            (#"{"groups": [{"name": "a"}, {"name": "a"}]}"#, "groups[1]"),
            (
                #"{"resource_servers": [{"identifier": "https://a.example", "claims": ["email"]}]}"#,
                "resource_servers[0].claims[0]"
            ),
            (
                #"{"resource_servers": [{"identifier": "https://a.example", "scopes": ["roles"]}]}"#,
                "resource_servers[0].scopes[0]"
            ),
        ])
    func mistakes(_ document: String, _ member: String) throws {
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet(JSONObject(parsing: Array(document.utf8)))
        }
        #expect(error?.problems.map(\.member) == [member])
    }
}
