import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Claims of attributes (OpenID Connect Core §5.1.2)")
struct AttributeClaimTests {
    @Test("userinfo returns what the scope releases to this client", arguments: TestEngine.allCases)
    func userInfo(_ engine: TestEngine) async throws {
        let example = try await AttributeCase(engine)
        let info = try await example.userInfo(example.tokens("openid profile"))
        #expect(info["department"] == "sales" && info["remote"] == true)
        // Another client's, another scope's, and one without claims.
        for name in ["cost_center", "skills", "hired", "dept", "https://corp.example/cc"] { #expect(info[name] == nil) }
        let more = try await example.userInfo(example.tokens("openid email"))
        #expect(more["skills"] == ["juggling", "chess"] && more["department"] == nil)
    }

    @Test("a claim for named clients reaches them")
    func namedClient() async throws {
        let example = try await AttributeCase()
        let callback = "https://own.example/callback"
        let code = try await Browser(example.issuer).authorize([
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", callback), ("scope", "openid profile"),
            ("nonce", "n"),
        ]).answer().required("code")
        let tokens = try await example.issuer.token(
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback)], client: "own"
        ).json()
        #expect(try await example.userInfo(tokens)["cost_center"] == 4711)
    }

    @Test("an access token carries what its resource servers are configured to get, with the scope")
    func accessToken() async throws {
        let example = try await AttributeCase()
        func claims(_ scope: String, _ more: [(String, String)] = []) async throws -> JSONObject {
            try JWT.unverifiedClaims(of: try await example.tokens(scope, more)["access_token"]?.string ?? "")
        }
        let orders = try await claims("openid orders.read")
        #expect(orders["dept"] == "sales" && orders["https://corp.example/cc"] == 4711)
        #expect(orders["department"] == nil && orders["remote"] == nil)
        // Without a resource server, an access token carries none.
        let own = try await claims("openid profile")
        #expect(own.names.allSatisfy { ReservedClaims.contains($0) })
        // A token for two servers carries only what both of them may get. The other server's tokens are opaque.
        let both = try await example.tokens("openid orders.read reports.read")["access_token"]?.string ?? ""
        let seen = try await example.issuer.token([("token", both)], client: "api", at: "/introspect").json()
        #expect(seen["active"] == true && seen["dept"] == nil && seen["https://corp.example/cc"] == nil)
    }

    @Test("introspection says the same as the token")
    func introspection() async throws {
        let example = try await AttributeCase()
        let token = try await example.tokens("openid orders.read")["access_token"]?.string ?? ""
        // The client can read the JWT itself.
        for client in ["api", "web"] {
            let seen = try await example.issuer.token([("token", token)], client: client, at: "/introspect").json()
            #expect(seen["dept"] == "sales" && seen["https://corp.example/cc"] == 4711 && seen["cost_center"] == nil)
        }
    }

    @Test("introspection of its own opaque token gives a client no claims that are only for the API")
    func opaque() async throws {
        let issuer = try await TestIssuer(
            resources: """
                {"users": [{"username": "alice", "password": "correct horse", "roles": ["editor"],
                     "attributes": {"level": "gold"}}],
                 "roles": [{"name": "editor"}],
                 "attributes": [{"name": "level", "claims": [{"resource_servers": ["https://api.example.com"]}]}],
                 "clients": [
                     {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "consent": "skip",
                      "redirect_uris": ["https://shop.example/callback"], "scope": "openid orders.read"},
                     {"client_id": "api", "client_secret": "api-secret-api-secret-api-secret-1", "grant_types": []}],
                 "resource_servers": [{"identifier": "https://api.example.com", "scopes": ["orders.read"],
                     "access_token": "opaque", "claims": ["roles"], "introspection_clients": ["api"]}]}
                """)
        let tokens = try await issuer.redeem(Browser(issuer).code(scope: "openid orders.read")).json()
        let token = tokens["access_token"]?.string ?? ""
        let toOwner = try await issuer.token([("token", token)], client: "web", at: "/introspect").json()
        #expect(toOwner["active"] == true && toOwner["username"] == "alice" && toOwner["scope"] != nil)
        #expect(toOwner["level"] == nil && toOwner["roles"] == nil)
        let toAPI = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
        #expect(toAPI["level"] == "gold" && toAPI["roles"] == ["editor"])
    }

    @Test("a client's own token carries nobody's attributes")
    func clientCredentials() async throws {
        let example = try await AttributeCase()
        let tokens = try await example.issuer.token([
            ("grant_type", "client_credentials"), ("scope", "orders.read"),
        ]).json()
        #expect(try JWT.unverifiedClaims(of: tokens["access_token"]?.string ?? "")["dept"] == nil)
    }

    @Test("the ID Token has the claims that are requested for it, after consent to their scope")
    func idToken() async throws {
        let example = try await AttributeCase()
        let wish = [("claims", #"{"id_token": {"department": null, "skills": {"values": ["x"]}}}"#)]
        let browser = Browser(example.issuer)
        var response = try await browser.get("/authorize", Browser.webRequest(scope: "openid", wish))
        response = try await browser.submit(response.page(), [("username", "alice"), ("password", "correct horse")])
        let page = try response.page()
        #expect(page.template == "consent")
        let scopes = page.list("requested").compactMap { entry -> String? in
            if case .text(let scope)? = entry["scope"] { scope } else { nil }
        }
        #expect(Set(scopes) == ["openid", "profile", "email"])
        let code = try await browser.submit(page, [("decision", "allow")]).answer().required("code")
        let tokens = try await example.issuer.redeem(code).json()
        let idToken = try JWT.unverifiedClaims(of: tokens["id_token"]?.string ?? "")
        #expect(idToken["department"] == "sales" && idToken["skills"] == nil && idToken["remote"] == nil)
        #expect(tokens["scope"] == "openid")
    }

    @Test(
        "a client can't request what its scopes and the mappings don't give it",
        arguments: [
            // For another client, for access tokens only, without any claim, unknown.
            "cost_center", "https://corp.example/cc", "hired", "nothing",
        ])
    func notAllowed(_ name: String) async throws {
        let example = try await AttributeCase()
        let wish = [("claims", #"{"id_token": {"\#(name)": null}, "userinfo": {"\#(name)": {"essential": true}}}"#)]
        let tokens = try await example.tokens("openid", wish)
        #expect(try JWT.unverifiedClaims(of: tokens["id_token"]?.string ?? "")[name] == nil)
        #expect(try await example.userInfo(tokens)[name] == nil)
    }

    @Test("a claim that moves to another scope needs consent to that scope, also where it was requested by name")
    func moved() async throws {
        let example = try await AttributeCase()
        let wish = [("claims", #"{"userinfo": {"department": null}}"#)]
        let tokens = try await example.tokens("openid", wish)
        #expect(try await example.userInfo(tokens)["department"] == "sales")
        try await example.declare(
            #"[{"name": "department", "claims": [{"scope": "phone"}]}, {"name": "remote", "type": "boolean"}]"#)
        #expect(try await example.userInfo(tokens).names == ["sub"])
    }

    @Test("a value that no longer fits the declaration is kept but released to nobody")
    func retyped() async throws {
        let example = try await AttributeCase()
        let tokens = try await example.tokens("openid profile")
        for declaration in [
            #"{"name": "department", "type": "boolean", "claims": [{"scope": "profile"}]}"#,
            #"{"name": "department", "values": ["support"], "claims": [{"scope": "profile"}]}"#,
        ] {
            try await example.declare("[\(declaration)]")
            #expect(try await example.userInfo(tokens)["department"] == nil)
            #expect(try await example.alice.attributes["department"] == "sales")
        }
        try await example.issuer.stores.attributes.delete("department")
        example.issuer.core.attributes.clear()
        #expect(try await example.userInfo(tokens)["department"] == nil)
        try await example.declare(AttributeCase.declarations)
        #expect(try await example.userInfo(tokens)["department"] == "sales")
    }

    @Test("someone who can write to the database can't replace a claim of the issuer by an attribute")
    func reserved() async throws {
        let example = try await AttributeCase()
        let claims = ["sub", "aud", "roles", "email_verified", "act"].map {
            AttributeClaim($0, scope: "openid", resourceServers: ["https://api.example.com"])
        }
        try await example.issuer.stores.attributes.save(
            Attribute(name: "department", claims: claims + [AttributeClaim("team", scope: "openid")]))
        example.issuer.core.attributes.clear()
        let tokens = try await example.tokens("openid orders.read")
        let info = try await example.userInfo(tokens)
        let alice = try await example.alice
        #expect(info["team"] == "sales" && info["sub"] == .string(alice.id.rawValue))
        #expect(!info.members.contains { $0.name != "team" && $0.value == "sales" })
        let access = try JWT.unverifiedClaims(of: tokens["access_token"]?.string ?? "")
        #expect(!access.members.contains { $0.value == "sales" })
    }

    @Test("every claim that the issuer makes itself is reserved")
    func reservedNames() async throws {
        let issuer = try await TestIssuer()
        let tokens = try await issuer.redeem(
            Browser(issuer).code(scope: "openid profile email address phone offline_access orders.read")
        ).json()
        let access = tokens["access_token"]?.string ?? ""
        var names = IDToken.claimNames + Claims.all + EntitlementClaim.allCases.map(\.rawValue)
        names += try JWT.unverifiedClaims(of: access).names
        names += try JWT.unverifiedClaims(of: tokens["id_token"]?.string ?? "").names
        names += try await issuer.token([("token", access)], client: "api", at: "/introspect").json().names
        #expect(names.filter { !ReservedClaims.contains($0) } == [])
        #expect(ReservedClaims.contains("Sub") && !ReservedClaims.contains("department"))
    }

    @Test("the metadata lists the claims that every client can request")
    func metadata() async throws {
        let example = try await AttributeCase()
        let metadata = try await example.issuer.send(.get, "/.well-known/openid-configuration").json()
        let names = metadata["claims_supported"]?.array?.compactMap(\.string) ?? []
        #expect(names.contains("department") && names.contains("dept") && names.contains("email"))
        for name in ["cost_center", "https://corp.example/cc", "hired"] { #expect(!names.contains(name)) }
        #expect(Set(names).count == names.count)
    }

    @Test("the consent page and the account page name the attributes that each scope gives this client")
    func consent() async throws {
        let example = try await AttributeCase()
        let browser = Browser(example.issuer)
        var response = try await browser.get("/authorize", Browser.webRequest(scope: "openid profile orders.read"))
        response = try await browser.submit(response.page(), [("username", "alice"), ("password", "correct horse")])
        let page = try response.page()
        func titles(_ scope: String) -> [Page.Value] {
            let entry = page.list("requested").first { $0["scope"] == .text(scope) }
            guard case .list(let titles)? = entry?["attributes"] else { return [] }
            return titles.compactMap { if case .object(let title) = $0 { title["title"] } else { nil } }
        }
        let department = Page.Value.translated(["en": "Department", "de": "Abteilung"], otherwise: "Department")
        #expect(titles("profile") == [department] && titles("orders.read") == [department])
        #expect(titles("openid") == [.text("remote")])
        let api = page.list("requested_access").first { $0["resource_server"] == "api.example.com" }
        #expect(api?["resource_attributes"] == .list([["title": "cost_center", "is_last": true]]))
    }

    @Test("declarations are cached: a token request reads them once")
    func cached() async throws {
        let example = try await AttributeCase()
        let attributes = CachedAttributes(example.issuer.stores.attributes) { example.issuer.clock.now }
        let before = try await attributes.catalog().attributes.count
        try await example.issuer.stores.attributes.delete("department")
        #expect(try await attributes.catalog().attributes.count == before)
        attributes.clear()
        #expect(try await attributes.catalog().attributes.count == before - 1)
    }
}
