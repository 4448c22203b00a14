import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Martlet's authentication at upstreams (RFC 6749 §2.3, OpenID Connect Core §9)")
struct UpstreamClientCredentialTests {
    /// Made with `openssl ecparam -name prime256v1 -genkey -noout`, only for these tests.
    static let pem = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIJ1RdXsg3RjGtLfe9+qEWH4CZ7Xc56FgNWA6L96W/Z7hoAoGCCqGSM49
        AwEHoUQDQgAEG0I9RbzzAhucSwgPZ3V5f8IjmjEL+9Oq22lRfYBk7KNrcKVpPeiG
        XTJePVqw9KXkCHZoxNMdWF9aVRBP1ppSTQ==
        -----END EC PRIVATE KEY-----
        """

    /// Signs in and returns the token request.
    private func tokenRequest(
        _ resource: JSONObject, clientID: String = "martlet"
    ) async throws -> (form: Parameters, authorization: String?) {
        let upstream = try CannedUpstream(clientID: clientID)
        let visitor = try await UpstreamVisitor.linked(upstream, resource)
        #expect(try await visitor.problem(with: upstream) == nil)
        let request = try #require(upstream.asked("/token").first)
        #expect(request.method == .post)
        #expect(request.headers[.contentType] == "application/x-www-form-urlencoded")
        let form = try Parameters(parsing: String(decoding: request.body, as: UTF8.self), limits: Limits())
        #expect(form["grant_type"] == "authorization_code")
        return (form, request.headers[.authorization])
    }

    private func claims(_ assertion: String?) throws -> (header: JSONObject, claims: JSONObject) {
        let key = try PrivateKey(pem: Self.pem, for: .es256)
        let rules = JWTRules(algorithms: [.es256])
        let token = try JWT(
            validating: assertion ?? "", with: JWKSet(keys: [key.publicKey(keyID: "K123456789")]), rules: rules,
            at: Date(timeIntervalSince1970: 1_800_000_000))
        return (token.header, token.claims)
    }

    @Test("client_secret_basic encodes identifier and secret before joining them")
    func basic() async throws {
        let (form, authorization) = try await tokenRequest(["client_secret": "a:b ü"], clientID: "my:client")
        let pair = Data("my%3Aclient:a%3Ab%20%C3%BC".utf8).base64EncodedString()
        #expect(authorization == "Basic \(pair)")
        #expect(form["client_id"] == nil)
        #expect(form["client_secret"] == nil)
    }

    @Test("client_secret_post sends identifier and secret in the form")
    func post() async throws {
        let (form, authorization) = try await tokenRequest(["token_endpoint_auth_method": "client_secret_post"])
        #expect(authorization == nil)
        #expect(form["client_id"] == "martlet")
        #expect(form["client_secret"] == "upstream-secret")
    }

    @Test(
        "private_key_jwt is addressed to the issuer or, if asked for, to the token endpoint",
        arguments: [(nil, "https://up.example"), ("token_endpoint", "https://up.example/token")] as [(String?, String)])
    func privateKey(_ audience: String?, expected: String) async throws {
        var resource: JSONObject = [
            "token_endpoint_auth_method": "private_key_jwt", "private_key": .string(Self.pem), "key_id": "K123456789",
            "client_secret": .null,
        ]
        resource["token_endpoint_auth_audience"] = audience.map(JSON.string)
        let (form, authorization) = try await tokenRequest(resource)
        #expect(authorization == nil)
        #expect(form["client_secret"] == nil)
        #expect(form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        let (header, claims) = try claims(form["client_assertion"])
        #expect(header["kid"] == "K123456789")
        #expect(claims["iss"] == "martlet")
        #expect(claims["sub"] == "martlet")
        #expect(claims["aud"]?.string == expected)
        #expect(claims["exp"] == 1_800_000_300)
        #expect(claims["jti"]?.string?.isEmpty == false)
        let again = try await tokenRequest(resource)
        #expect(try self.claims(again.form["client_assertion"]).claims["jti"] != claims["jti"])
    }

    @Test("Apple's client secret is a JWT of the team, signed with ES256")
    func apple() async throws {
        let upstream = try CannedUpstream("apple", issuer: "https://appleid.apple.com", clientID: "com.example.web")
        var resource = upstream.resource([
            "preset": "apple", "team_id": "T123456789", "key_id": "K123456789", "private_key": .string(Self.pem),
        ])
        for member in ["id", "issuer", "client_secret"] { resource[member] = nil }
        upstream.change { $0.metadata = ["userinfo_endpoint": .null] }
        let issuer = try await TestIssuer(resources: TestIssuer.resources(with: resource), fetcher: upstream)
        try await issuer.link("alice", to: "apple")
        let visitor = UpstreamVisitor(issuer, at: "apple")
        let location = try await visitor.leave()
        let sent = try parameters(of: location)
        #expect(sent["response_mode"] == "form_post")
        #expect(sent["scope"] == "openid name email")
        #expect(try await visitor.comeBack(upstream.authorize(location)).upstreamProblem == nil)
        let request = try #require(upstream.asked("/token").first)
        let form = try Parameters(parsing: String(decoding: request.body, as: UTF8.self), limits: Limits())
        #expect(form["client_id"] == "com.example.web")
        let (header, claims) = try claims(form["client_secret"])
        #expect(header["alg"] == "ES256")
        #expect(header["kid"] == "K123456789")
        #expect(claims["iss"] == "T123456789")
        #expect(claims["sub"] == "com.example.web")
        #expect(claims["aud"] == "https://appleid.apple.com")
        #expect(claims["exp"] == 1_800_000_300)
    }

    @Test("the secret is sealed in the database")
    func sealed() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let stored = try #require(try await visitor.issuer.stores.upstreams.all().first)
        let sealed = try #require(stored.sealedSecret)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("upstream-secret"))
        #expect(stored.document["client_secret"] == nil)
    }

    @Test(
        "someone who can write to the database can't direct the secret elsewhere",
        arguments: [["issuer": "https://evil.example"], ["id": "evil"]] as [JSONObject])
    func redirected(_ change: JSONObject) async throws {
        let (upstream, evil) = (try CannedUpstream(), try CannedUpstream("evil"))
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream.resource(), evil.resource()),
            fetcher: CannedNetwork(upstream, evil))
        let honest = try #require(try await issuer.stores.upstreams.all().first { $0.id.rawValue == "up" })
        var document = change["id"] == nil ? honest.document : evil.resource()
        document["client_secret"] = nil
        for (name, value) in change.members { document[name] = value }
        try await issuer.stores.upstreams.save(Upstream(document, sealedSecret: honest.sealedSecret))
        issuer.core.upstreams.clear()
        let id = try #require(document["id"]?.string)
        let visitor = UpstreamVisitor(issuer, at: id)
        let answer = try await evil.authorize(visitor.leave())
        #expect(try await visitor.comeBack(answer).upstreamProblem == "invalid")
        #expect(evil.asked("/token").isEmpty && upstream.asked("/token").isEmpty)
    }

    @Test("the secret of an OAuth 2 provider is sealed for its token endpoint")
    func redirectedEndpoint() async throws {
        let issuer = try await TestIssuer()
        let document: JSONObject = [
            "id": "forge", "client_id": "c", "authorization_endpoint": "https://forge.example/authorize",
            "token_endpoint": "https://forge.example/token", "userinfo_endpoint": "https://forge.example/me",
        ]
        let sealer = issuer.core.sealer
        let sealed = try sealer.seal("s", of: Upstream(document))
        #expect(try sealer.secret(of: Upstream(document, sealedSecret: sealed)) == "s")
        for (name, value) in [("id", "other"), ("token_endpoint", "https://evil.example/token")] {
            var changed = document
            changed[name] = .string(value)
            let redirected = try Upstream(changed, sealedSecret: sealed)
            #expect(throws: NotOurs.self) { try sealer.secret(of: redirected) }
        }
    }
}
