import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 6749 §2.3, OpenID Connect Core §9: client authentication")
struct ClientAuthenticationTests {
    private let grant = [("grant_type", "client_credentials")]

    private func basic(_ text: String) -> HTTPFields {
        [.authorization: "Basic \(Data(text.utf8).base64EncodedString())"]
    }

    @Test(
        "every failure gets the same response, with a challenge",
        arguments: [
            "web:wrong", "nobody:web-secret-web-secret-web-secret-1", "off:off-secret-off-secret-off-secret-1", "web:",
            "post:post-secret-post-secret-post-secret", "spa:",
        ])
    func basicRefused(_ credentials: String) async throws {
        let issuer = try await TestIssuer()
        let response = try await issuer.send(.post, "/token", form: grant, headers: basic(credentials))
        #expect(response.status == .unauthorized)
        #expect(response.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
        #expect(
            try response.json() == ["error": "invalid_client", "error_description": "client authentication failed"])
    }

    @Test("RFC 6749 §2.3.1: both parts are form-encoded; the scheme name is case-insensitive")
    func encoding() async throws {
        let issuer = try await TestIssuer()
        let encoded = basic("%77eb:web-secret%2Dweb-secret-web-secret-1")
        #expect(try await issuer.send(.post, "/token", form: grant, headers: encoded).status == .ok)
        var lower = basic("web:web-secret-web-secret-web-secret-1")
        lower[.authorization] = lower[.authorization]?.replacing("Basic", with: "bAsIc")
        #expect(try await issuer.send(.post, "/token", form: grant, headers: lower).status == .ok)
    }

    @Test("a client authenticates only with its registered method")
    func registeredMethod() async throws {
        let issuer = try await TestIssuer()
        let post = [("client_id", "post"), ("client_secret", "post-secret-post-secret-post-secret")]
        #expect(try await issuer.send(.post, "/token", form: grant + post).status == .ok)
        let web = [("client_id", "web"), ("client_secret", "web-secret-web-secret-web-secret-1")]
        #expect(try await issuer.send(.post, "/token", form: grant + web).json()["error"] == "invalid_client")
        let none = try await issuer.send(.post, "/token", form: grant + [("client_id", "web")])
        #expect(try none.json()["error"] == "invalid_client")
        #expect(try await issuer.send(.post, "/token", form: grant).json()["error"] == "invalid_client")
    }

    @Test("two authentication methods at once are refused")
    func twoWays() async throws {
        let issuer = try await TestIssuer()
        let response = try await issuer.send(
            .post, "/token", form: grant + [("client_id", "web"), ("client_secret", "x")],
            headers: basic("web:web-secret-web-secret-web-secret-1"))
        #expect(try response.json()["error"] == "invalid_request")
        // One method, but the client_id of another client.
        let other = try await issuer.token(grant + [("client_id", "post")])
        #expect(try other.json()["error"] == "invalid_client")
    }

    /// With `sub` set to `jwt`.
    private static let assertion = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJqd3QifQ."
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    private static let oneWay = "the client must use only one authentication method per request"
    private static let failed = "client authentication failed"

    @Test(
        "a request that doesn't identify one client by one method is refused before any client is looked up",
        arguments: [
            ("", [], "invalid_client", failed),
            ("", [("client_secret", "x")], "invalid_client", failed),
            ("Basic !", [("client_secret", "x"), ("client_id", "post")], "invalid_client", failed),
            ("Basic d2Vi", [], "invalid_client", failed),
            ("Basic d2ViOng=", [("client_assertion", "x")], "invalid_request", oneWay),
            ("", [("client_secret", "x"), ("client_assertion", "x")], "invalid_request", oneWay),
            (
                "", [("client_assertion", assertion)], "invalid_request",
                "client_assertion_type must be \(assertionType)"
            ),
            (
                "", [("client_assertion", "x"), ("client_assertion_type", assertionType), ("client_id", "jwt")],
                "invalid_client", failed
            ),
            (
                "", [("client_assertion", assertion), ("client_assertion_type", assertionType), ("client_id", "web")],
                "invalid_client", failed
            ),
        ] as [(String, [(String, String)], JSON, String)])
    func ways(_ field: String, _ form: [(String, String)], _ code: JSON, _ description: String) async throws {
        let issuer = try await TestIssuer()
        let headers: HTTPFields = field.isEmpty ? [:] : [.authorization: field]
        let response = try await issuer.send(.post, "/token", form: grant + form, headers: headers)
        #expect(try response.json() == ["error": code, "error_description": .string(description)])
        // A challenge only if the Authorization field was wrong (RFC 6749 §5.2).
        #expect((response.headers[.wwwAuthenticate] != nil) == (code == "invalid_client" && !field.isEmpty))
        #expect(try await issuer.recorded().allSatisfy { $0.event != "client_authentication_failed" })
    }

    @Test(
        "the audit log records why a client was refused",
        arguments: [
            ("nobody", "x", "unknown_client"), ("off", "x", "disabled"), ("web", "x", "other_method"),
            ("spa", "x", "other_method"), ("hmac", "x", "other_method"), ("post", "x", "wrong_secret"),
            ("post", nil, "other_method"),
        ] as [(String, String?, JSON)])
    func recorded(_ client: String, _ secret: String?, _ reason: JSON) async throws {
        let issuer = try await TestIssuer()
        let form = grant + [("client_id", client)] + (secret.map { [("client_secret", $0)] } ?? [])
        let response = try await issuer.send(.post, "/token", form: form)
        #expect(try response.json() == ["error": "invalid_client", "error_description": .string(Self.failed)])
        #expect(response.headers[.wwwAuthenticate] == nil)
        let record = try #require(try await issuer.recorded().last { $0.event == "client_authentication_failed" })
        #expect(record.details["reason"] == reason)
        #expect(record.client == (client == "nobody" ? nil : client))
    }

    @Test("a grant type that the client isn't registered for, or that doesn't exist, is refused")
    func grantTypes() async throws {
        let issuer = try await TestIssuer()
        let own = try await issuer.token(grant, client: "own")
        #expect(try own.json()["error"] == "unauthorized_client")
        let password = try await issuer.token([("grant_type", "password")])
        #expect(try password.json()["error"] == "unsupported_grant_type")
        #expect(try await issuer.token([]).json()["error"] == "invalid_request")
    }
}

@Suite("RFC 7523 §3: client assertions")
struct ClientAssertionTests {
    private static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Signs with a client secret.
    private struct HMACSigner: Signer {
        let secret: String
        let algorithm = SignatureAlgorithm.hs256
        let keyID: String? = nil
        func sign(_ message: [UInt8]) -> [UInt8] { TestHMAC.sha256(message, key: Array(secret.utf8)) }
    }

    private func send(_ issuer: TestIssuer, _ claims: JSONObject, _ signer: any Signer) async throws -> Response {
        let assertion = try await JWT.sign(claims, type: nil, with: signer)
        return try await issuer.send(
            .post, "/token",
            form: [
                ("grant_type", "client_credentials"), ("client_assertion_type", Self.type),
                ("client_assertion", assertion),
            ])
    }

    private func claims(_ issuer: TestIssuer, _ client: String, _ changes: JSONObject = [:]) -> JSONObject {
        let now = Int(issuer.clock.now.timeIntervalSince1970)
        var claims: JSONObject = [
            "iss": .string(client), "sub": .string(client), "aud": "https://id.example.com",
            "jti": .string(UUID().uuidString), "iat": .integer(now), "exp": .integer(now + 60),
        ]
        for member in changes.members { claims[member.name] = member.value == .null ? nil : member.value }
        return claims
    }

    private func register(_ issuer: TestIssuer, _ key: PrivateKey, _ audience: String? = nil) async throws {
        let set = JWKSet(keys: [key.publicKey()]).object
        var metadata: JSONObject = [
            "client_id": "jwt", "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "scope": "orders.read", "jwks": .object(set),
        ]
        metadata["token_endpoint_auth_audience"] = audience.map(JSON.string)
        try await issuer.stores.clients.save(Client(metadata))
    }

    @Test(
        "private_key_jwt works with each kind of key",
        arguments: [SignatureAlgorithm.es256, .es384, .es512, .ps256, .edDSA])
    func privateKey(_ algorithm: SignatureAlgorithm) async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: algorithm)
        try await register(issuer, key)
        #expect(try await send(issuer, claims(issuer, "jwt"), key.signer()).status == .ok)
        let other = try PrivateKey.generate(for: algorithm)
        let forged = try await send(issuer, claims(issuer, "jwt"), other.signer())
        #expect(try forged.json()["error"] == "invalid_client")
    }

    @Test(
        "an invalid assertion is refused",
        arguments: [
            ["aud": "https://other.example"], ["aud": .null], ["iss": "web"], ["iss": .null], ["sub": "web"],
            ["jti": .null], ["exp": .null], ["exp": 1], ["exp": 4_000_000_000], ["nbf": 4_000_000_000],
            ["iat": 4_000_000_000], ["exp": "soon"],
        ] as [JSONObject])
    func refused(_ changes: JSONObject) async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: .es256)
        try await register(issuer, key)
        let response = try await send(issuer, claims(issuer, "jwt", changes), key.signer())
        #expect(try response.json()["error"] == "invalid_client")
    }

    @Test(
        "draft-ietf-oauth-rfc7523bis: aud is the issuer as a string, or the token endpoint if registered",
        arguments: [
            ("https://id.example.com", true, true), ("https://id.example.com/token", false, true),
            ("https://id.example.com/", false, false), ("https://id.example.com/introspect", false, false),
            ("https://id.example.com/token/", false, false), ("https://ID.example.com/token", false, false),
            (["https://id.example.com"], false, false), (["https://id.example.com/token"], false, false),
            (["https://id.example.com", "https://other.example"], false, false), ([], false, false),
        ] as [(JSON, Bool, Bool)])
    func audience(_ audience: JSON, isGood: Bool, isGoodWithSwitch: Bool) async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: .es256)
        for (setting, expected) in [(nil, isGood), ("issuer", isGood), ("token_endpoint", isGoodWithSwitch)] {
            try await register(issuer, key, setting)
            // The cached client has expired.
            issuer.clock.advance(by: 31)
            let answer = try await send(issuer, claims(issuer, "jwt", ["aud": audience]), key.signer())
            #expect((answer.status == .ok) == expected, "\(setting ?? "no setting")")
        }
    }

    @Test(
        "no other endpoint's URL is accepted as audience, there or elsewhere", arguments: ["/introspect", "/revoke"])
    func otherEndpoint(_ path: String) async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: .es256)
        try await register(issuer, key, "token_endpoint")
        for (audience, status) in [(path, HTTPResponse.Status.unauthorized), ("/token", .ok)] {
            let claims = claims(issuer, "jwt", ["aud": .string("https://id.example.com\(audience)")])
            let assertion = try await JWT.sign(claims, type: nil, with: key.signer())
            let form = [
                ("token", "rubbish"), ("client_assertion_type", Self.type), ("client_assertion", assertion),
            ]
            #expect(try await issuer.send(.post, path, form: form).status == status)
        }
    }

    @Test("the logged error names the audience setting only if the assertion's signature is valid")
    func hint() async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: .es256)
        try await register(issuer, key)
        let endpoint = try #require(issuer.provider.endpoints.first { $0.routes.map(\.path) == [Path("/token")] })
        for (signer, isNamed) in [(key, true), (try PrivateKey.generate(for: .es256), false)] {
            let claims = claims(issuer, "jwt", ["aud": "https://id.example.com/token"])
            let assertion = try await JWT.sign(claims, type: nil, with: signer.signer())
            let form = FormEncoding.encode([
                (name: "client_assertion_type", value: Self.type), (name: "client_assertion", value: assertion),
            ])
            let request = try Request(
                method: .post, path: "/token", headers: [.contentType: "application/x-www-form-urlencoded"],
                body: Array(form.utf8))
            let error = await #expect(throws: OAuthError.self) { try await endpoint.respond(to: request) }
            let line = try #require(error?.cause.map { "\($0)" })
            #expect(line.contains("token_endpoint_auth_audience: token_endpoint") == isNamed)
        }
    }

    @Test("an assertion works once, even for 16 concurrent requests")
    func replay() async throws {
        let issuer = try await TestIssuer()
        let key = try PrivateKey.generate(for: .es256)
        try await register(issuer, key)
        let claims = claims(issuer, "jwt")
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { try await send(issuer, claims, key.signer()).status == .ok } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    @Test("client_secret_jwt accepts the secret but not the bytes of a public key (RFC 8725 §2.1)")
    func symmetric() async throws {
        let issuer = try await TestIssuer()
        let right = HMACSigner(secret: "hmac-secret-hmac-secret-hmac-secret")
        #expect(try await send(issuer, claims(issuer, "hmac"), right).status == .ok)
        let wrong = HMACSigner(secret: "other-secret-other-secret-other-secret")
        #expect(try await send(issuer, claims(issuer, "hmac"), wrong).json()["error"] == "invalid_client")

        let key = try PrivateKey.generate(for: .es256)
        try await register(issuer, key)
        let published = String(decoding: key.publicKey().object?.serialized() ?? [], as: UTF8.self)
        let confused = try await send(issuer, claims(issuer, "jwt"), HMACSigner(secret: published))
        #expect(try confused.json()["error"] == "invalid_client")
    }
}
