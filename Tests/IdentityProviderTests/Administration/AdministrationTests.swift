import SQLStorage
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Applying resources")
struct AdministrationTests {
    private func set(_ json: String) throws -> ResourceSet { try ResourceSet(JSONObject(parsing: Array(json.utf8))) }

    @Test("applying the same file twice changes nothing")
    func idempotent() async throws {
        let issuer = try await TestIssuer()
        #expect(try await issuer.administration.apply(set(TestIssuer.resources)).isEmpty)
    }

    @Test("a plan lists the changes without making them, with old and new values but no secrets")
    func plan() async throws {
        let issuer = try await TestIssuer()
        let resources = try set(
            """
            {"clients": [{"client_id": "own", "client_secret": "another-secret-another-secret",
              "redirect_uris": ["https://own.example/callback"], "consent": "skip", "scope": "openid email"}],
             "users": [{"username": "alice", "password": "a new password", "name": "Alice"}, {"username": "dan"}]}
            """)
        let changes = try await issuer.administration.apply(resources, isPlan: true)
        #expect(changes.map(\.name) == ["own", "alice", "dan"])
        #expect(changes.map(\.members) == [["scope", "client_secret"], ["name"], []])
        #expect(
            changes[0].differences.first
                == MemberDifference("scope", from: "openid profile", to: "openid email"))
        #expect(changes[0].differences.last == MemberDifference("client_secret", from: nil, to: nil))
        #expect(changes[1].differences == [MemberDifference("name", from: "Alice Liddell", to: "Alice")])
        #expect(!"\(changes)".contains("another-secret") && !"\(changes)".contains("a new password"))
        #expect(try await issuer.administration.apply(resources, isPlan: true) == changes)
        #expect(try await issuer.administration.apply(resources) == changes)
        #expect(try await issuer.administration.apply(resources).isEmpty)
    }

    @Test("pruning removes what the file does not mention")
    func prune() async throws {
        let issuer = try await TestIssuer()
        let resources = try set(#"{"users": [{"username": "bob"}]}"#)
        let changes = try await issuer.administration.apply(resources, prunes: true)
        #expect(changes.filter { $0.action == .delete }.count == 8 + 2 + 2)
        #expect(try await issuer.stores.clients.all().isEmpty)
        #expect(try await issuer.stores.users.find(named: "alice") == nil)
        #expect(try await issuer.stores.users.find(named: "bob") != nil)
    }

    @Test(
        "a new password or disabling the user ends all sessions and offline access, and forgets remembered browsers",
        arguments: [true, false])
    func everything(_ isDisabled: Bool) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        let token = try #require(
            try await issuer.redeem(browser.code(scope: "openid offline_access")).json()["refresh_token"]?.string)
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        if isDisabled {
            try await issuer.administration.setDisabled(true, alice)
            try await issuer.administration.setDisabled(false, alice)
        } else {
            try await issuer.administration.setPassword("another password", of: alice)
        }
        #expect(try await issuer.refresh(token).json()["error"] == "invalid_grant")
        #expect(try await issuer.stores.devices.devices(of: alice.id, at: issuer.clock.now).isEmpty)
        #expect(try await issuer.stores.sessions.sessions(of: alice.id, at: issuer.clock.now).isEmpty)
    }

    @Test("a command that read a stale user doesn't undo concurrent changes")
    func stale() async throws {
        let issuer = try await TestIssuer()
        let before = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.stores.users.setPasswordHash(of: before.id, to: "newer", at: issuer.clock.now)
        try await issuer.administration.setDisabled(true, before)
        let disabled = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(disabled.isDisabled && disabled.passwordHash == "newer")
        try await issuer.administration.setPassword("another password", of: before)
        let changed = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(changed.isDisabled && changed.passwordHash?.hasPrefix("$argon2id$") == true)
    }

    @Test("a new password signs the user out everywhere")
    func password() async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        _ = try await browser.code()
        let user = try #require(try await issuer.stores.users.find(named: "alice"))
        try await issuer.administration.setPassword("another password", of: user)
        let silent = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")]))
        #expect(try silent.answer()["error"] == "login_required")
    }

    @Test(
        "every mistake is reported with its location",
        arguments: [
            (
                #"{"clients": [{"client_id": "a:b", "redirect_uris": ["http://x.example/"]}]}"#,
                ["clients[0].client_secret", "clients[0].client_id", "clients[0].redirect_uris[0]"]
            ),
            (
                #"{"clients": [{"client_id": "a", "client_secret": "short", "redirect_uris": ["https://x.example/"]}]}"#,
                ["clients[0].client_secret"]
            ),
            (
                #"{"clients": [{"client_id": "a", "redirect_urls": [], "grant_types": []}]}"#,
                ["clients[0].client_secret", "clients[0].redirect_urls"]
            ),
            (
                #"{"clients": [{"client_id": "a", "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]}]}"#,
                ["clients[0].grant_types"]
            ),
            (
                #"{"clients": [{"client_id": "a", "token_endpoint_auth_method": "none", "grant_types": [], "pkce": "optional"}]}"#,
                ["clients[0].pkce"]
            ),
            (
                #"{"clients": [{"client_id": "a", "client_secret": "long enough for a secret", "grant_types": [], "pkce": "never"}]}"#,
                ["clients[0].pkce"]
            ),
            (
                #"{"clients": [{"client_id": "a", "client_secret": "long enough for a secret", "grant_types": [], "token_endpoint_auth_audience": "token_endpoint"}]}"#,
                ["clients[0].token_endpoint_auth_audience"]
            ),
            (
                #"{"clients": [{"client_id": "a", "client_secret": "long enough for a secret", "grant_types": [], "refresh_token_grace": 301}]}"#,
                ["clients[0].refresh_token_grace"]
            ),
            (#"{"users": [{"username": "a"}, {"username": "A"}]}"#, ["users[1]"]),
            (#"{"users": [{"username": "a", "password": "short"}]}"#, ["users[0].password"]),
            (#"{"users": [{"username": "a", "password_hash": "$argon2i$x"}]}"#, ["users[0].password_hash"]),
            (#"{"users": [{"username": "a", "totp_secret": "1"}]}"#, ["users[0].totp_secret"]),
            (
                #"{"resource_servers": [{"identifier": "x", "scopes": ["openid"]}]}"#,
                ["resource_servers[0].identifier", "resource_servers[0].scopes[0]"]
            ),
            (
                #"{"resource_servers": [{"identifier": "urn:x", "scopes": {"a b": "x", "openid": "x", "c": 1, "d": ""}}]}"#,
                ["a b", "openid", "c", "d"].map { "resource_servers[0].scopes.\($0)" }
            ),
            (#"{"colours": []}"#, ["colours"]), (#"{"users": {}}"#, ["users"]), (#"{"users": [1]}"#, ["users[0]"]),
        ])
    func mistakes(_ json: String, _ places: [String]) throws {
        let error = #expect(throws: InvalidResources.self) { try set(json) }
        #expect(error?.problems.map(\.member) == places)
    }

    @Test(
        "RFC 7591 §2: what each client authentication method needs to be registered",
        arguments: [
            ("client_secret_basic", #""client_secret": "15 characters.."#, "must have at least 16 characters"),
            ("client_secret_post", #""client_secret": "15 characters.."#, "must have at least 16 characters"),
            (
                "client_secret_jwt", #""client_secret": "this text has 31 characters ..."#,
                "must have at least 32 characters"
            ),
            ("client_secret_basic", #""client_name": "x"#, "is missing"),
            ("client_secret_jwt", #""client_name": "x"#, "is missing"),
            ("none", #""client_secret": "x"#, "is not used with token_endpoint_auth_method none"),
            ("none", #""token_endpoint_auth_audience": "issuer"#, "is allowed only for private_key_jwt"),
            ("private_key_jwt", #""client_name": "x"#, "or jwks_uri is required for private_key_jwt"),
            (
                "tls", #""client_name": "x"#,
                """
                must be one of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, \
                self_signed_tls_client_auth, none
                """
            ),
        ])
    func authenticationMethod(_ method: String, _ member: String, _ reason: String) throws {
        let client = #"{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "\#(method)", \#(member)"}"#
        let error = #expect(throws: InvalidResources.self) { try set(#"{"clients": [\#(client)]}"#) }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.reason.hasPrefix(reason) == true)
    }

    @Test(
        "a client's pages and logo are https URLs, or on localhost",
        arguments: [
            ("https://shop.example/logo.png", true), ("http://localhost/logo.png", true),
            ("http://localhost:8081", true), ("http://shop.example/logo.png", false),
            ("http://localhost.shop.example/", false), ("http://localhost:80@shop.example/", false),
            ("http://localhost@shop.example/", false), ("javascript:alert(1)", false),
        ])
    func webURL(_ url: String, isValid: Bool) throws {
        let client =
            #"{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none", "logo_uri": "\#(url)"}"#
        #expect(((try? set(#"{"clients": [\#(client)]}"#)) != nil) == isValid)
    }

    @Test("a misspelled member is rejected with a suggestion")
    func misspelled() throws {
        let client =
            #"{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none", "logo_url": "https://a.example"}"#
        let error = #expect(throws: InvalidResources.self) { try set(#"{"clients": [\#(client)]}"#) }
        #expect(error?.problems.map(\.member) == ["clients[0].logo_url"])
        #expect(error?.problems.first?.reason == "is not a known member; did you mean logo_uri?")
    }

    @Test("scopes of a resource server are a list of values or a map from values to descriptions")
    func scopeDescriptions() throws {
        func server(_ members: String) throws -> ResourceServer {
            try #require(
                try set(#"{"resource_servers": [{"identifier": "urn:x", \#(members)}]}"#).resourceServers.first)
        }
        let plain = try server(#""scopes": ["b", "a"]"#)
        #expect(plain.scopes == ["b", "a"])
        #expect(plain.scopeDescriptions.isEmpty)
        let described = try server(#""name": "X", "description": "Y", "scopes": {"b": "do b", "a": null}"#)
        #expect(described.scopes == ["b", "a"])
        #expect(described.scopeDescriptions == ["b": "do b"])
        #expect(described.name == "X")
        #expect(described.description == "Y")
        #expect(try JSONDecoder().decode(ResourceServer.self, from: JSONEncoder().encode(described)) == described)
    }

    @Test("a resource server's texts can be translated; English, or else the first text, is the fallback")
    func translations() throws {
        let server = try #require(
            try set(
                #"""
                {"resource_servers": [{"identifier": "urn:x", "name": {"de": "Bestellungen", "en": "Orders"},
                 "description": {"fr": "Vos achats", "de": "Was Sie kauften"},
                 "scopes": {"a": {"de": "lesen", "pt-BR": "ler"}, "b": "write"}}]}
                """#
            ).resourceServers.first)
        #expect(server.name == "Orders")
        #expect(server.description == "Vos achats")
        #expect(server.scopeDescriptions == ["a": "lesen", "b": "write"])
        #expect(server.translations["de"]?.name == "Bestellungen")
        #expect(server.translations["de"]?.description == "Was Sie kauften")
        #expect(server.translations["pt-BR"]?.scopes == ["a": "ler"])
        #expect(try JSONDecoder().decode(ResourceServer.self, from: JSONEncoder().encode(server)) == server)
    }

    @Test(
        "mistakes in translations are reported with their location",
        arguments: [
            (#""name": {"x y": "A"}"#, "name.x y"), (#""name": {"de": 1}"#, "name.de"),
            (#""name": {"de": ""}"#, "name.de"),
            (#""name": {}"#, "name"), (#""name": 1"#, "name"), (#""description": [1]"#, "description"),
            (#""scopes": {"a": {"de": null}}"#, "scopes.a.de"), (#""scopes": {"a": {}}"#, "scopes.a"),
            (#""scopes": {"a": 1}"#, "scopes.a"), (#""scopes": {"a": ""}"#, "scopes.a"),
        ])
    func wrongTranslations(_ member: String, _ place: String) throws {
        let error = #expect(throws: InvalidResources.self) {
            try set(#"{"resource_servers": [{"identifier": "urn:x", \#(member)}]}"#)
        }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.member.hasSuffix(place) == true, "\(String(describing: error))")
    }

    @Test("resource servers stored by an earlier version can be read, and the earlier version can read ours")
    func formerResourceServer() throws {
        let former = #"{"identifier":"urn:x","scopes":["a"],"format":"jwt","introspectionClients":[]}"#
        let server = try JSONDecoder().decode(ResourceServer.self, from: Data(former.utf8))
        #expect(server == ResourceServer(identifier: "urn:x", scopes: ["a"]))
        let described = ResourceServer(identifier: "urn:x", scopes: ["a"], scopeDescriptions: ["a": "do a"])
        let document = try JSONObject(parsing: Array(JSONEncoder().encode(described)))
        #expect(document["scopes"] == ["a"])
    }

    @Test("resource servers without scopes and scopes shared by several resource servers are valid, with a warning")
    func warnings() throws {
        let resources = try set(
            """
            {"resource_servers": [{"identifier": "urn:a", "scopes": ["read", "a"]},
             {"identifier": "urn:b", "scopes": ["b", "read"]}, {"identifier": "urn:none"}]}
            """)
        #expect(
            resources.warnings().map { "\($0.member): \($0.reason)" } == [
                "resource_servers[1].scopes: scope read belongs to several resource servers, so consent to it covers "
                    + "them all",
                "resource_servers[2]: resource server urn:none has no scopes, so no client can get a token for it",
            ])
    }

    @Test("a name that nothing has is valid, with a warning that suggests the closest one, from the files or stored")
    func misspelled() async throws {
        let issuer = try await TestIssuer(
            resources:
                #"{"roles": [{"name": "auditor"}], "resource_servers": [{"identifier": "urn:a", "scopes": ["ship"]}]}"#)
        let resources = try set(
            """
            {"resource_servers": [{"identifier": "urn:b", "scopes": ["invoices:read"], "introspection_clients": ["wbe"]}],
             "roles": [{"name": "editor"}], "groups": [{"name": "staff", "roles": ["editr", "auditor"]}],
             "users": [{"username": "alice", "roles": ["edtior"], "groups": ["stafff", "staff"]}],
             "clients": [{"client_id": "web", "token_endpoint_auth_method": "none", "redirect_uris": ["https://a.example/"],
               "scope": "openid offline_access invoices:raed ship fly"}]}
            """)
        let stored = try await issuer.administration.resourceNames()
        #expect(
            resources.warnings(besides: stored).map { "\($0.member): \($0.reason)" } == [
                "clients[0].scope: scope invoices:raed: did you mean invoices:read?",
                "clients[0].scope: scope fly: no resource server has it, so the client never gets it",
                "groups[0].roles: role editr: did you mean editor?",
                "users[0].roles: role edtior: did you mean editor?",
                "users[0].groups: group stafff: did you mean staff?",
                "resource_servers[0].introspection_clients: client wbe: did you mean web?",
            ])
        #expect(resources.warnings().contains { $0.reason.hasPrefix("role auditor") })
    }

    @Test("clients that share a secret are a warning, in the file of the second, also beside mistakes")
    func sharedSecret() throws {
        func file(_ id: String, _ rest: String) throws -> JSONObject {
            let client = #"{"client_id": "\#(id)", "grant_types": [], "client_secret": "0123456789abcdef"}"#
            return try JSONObject(parsing: Array(#"{"clients": [\#(client)]\#(rest)}"#.utf8))
        }
        let warning = "1 clients[0].client_secret: client b has the secret of client a; give each its own"
        func text(_ problem: ResourceProblem) -> String { "\(problem.place.file) \(problem.member): \(problem.reason)" }
        #expect(try ResourceSet([file("a", ""), file("b", "")]).warnings().map(text) == [warning])
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet([file("a", ""), file("b", #", "roles": [{}]"#)])
        }
        #expect(error?.problems.map(text) == ["1 roles[0].name: is missing"])
        #expect(error?.rest.warnings().map(text) == [warning])
    }

    @Test("nodes that apply the same file concurrently create everything once", arguments: TestEngine.allCases)
    func atOnce(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(resources: "{}", database: TestDatabase(engine))
        let resources = try ResourceSet(JSONObject(parsing: Array(TestIssuer.resources.utf8)))
        _ = try await race(6) { _ in try await issuer.administration.apply(resources) }
        let users = try await issuer.stores.users.list(after: nil, limit: 10)
        #expect(users.map(\.username) == ["alice", "bob", "carol"])
        #expect(try await issuer.stores.totpCredentials.credentials(of: users[1].id).count == 1)
        #expect(try await issuer.stores.clients.all().count == 8)
        #expect(try await issuer.administration.apply(resources).isEmpty)
    }

    @Test("the database contains no usable secret")
    func secrets() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.redeem(Browser(issuer).code(scope: "openid offline_access"))
        await issuer.database.backend.close()
        var bytes: [UInt8] = []
        let folder = try #require(issuer.database.folder)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            bytes += try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("Alice Liddell"))
        for secret in [
            "correct horse", "web-secret-web", "hmac-secret-hmac", "PRIVATE", "\"d\":", "JBSWY3DPEHPK3PXP",
        ] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }
}
