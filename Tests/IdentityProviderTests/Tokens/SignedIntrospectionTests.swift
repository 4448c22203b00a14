import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 9701: signed introspection responses")
struct SignedIntrospectionTests {
    private static let type = "application/token-introspection+jwt"

    private func introspect(
        _ issuer: TestIssuer, _ token: String, by client: String = "api", accept: String? = type
    ) async throws -> Response {
        let credentials = Data("\(client):\(client)-secret-\(client)-secret-\(client)-secret-1".utf8)
        var headers: HTTPFields = [.authorization: "Basic \(credentials.base64EncodedString())"]
        headers[.accept] = accept
        return try await issuer.send(.post, "/introspect", form: [("token", token)], headers: headers)
    }

    private func jwt(
        _ response: Response, at issuer: TestIssuer, _ algorithm: SignatureAlgorithm = .rs256,
        for client: String = "api"
    ) async throws -> JWT {
        guard case .bytes(let body) = response.body else { throw Unexpected("a page") }
        let rules = JWTRules(
            algorithms: [algorithm], issuer: "https://id.example.com", audiences: [client],
            types: ["token-introspection+jwt"], expiry: .ifPresent, required: ["iat"])
        return try JWT(
            validating: String(decoding: body, as: UTF8.self), with: await issuer.keys(), rules: rules,
            at: issuer.clock.now)
    }

    private func token(_ issuer: TestIssuer) async throws -> String {
        let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]
        return try #require(try await issuer.token(form).json()["access_token"]?.string)
    }

    @Test(
        "RFC9701-001 RFC9701-002 RFC9701-003 RFC9701-005: a resource server that asks for a JWT gets what JSON says, inside",
        arguments: [type, "application/json;q=0.5, Application/Token-Introspection+JWT ;q=1"])
    func active(_ accept: String) async throws {
        let issuer = try await TestIssuer()
        let token = try await token(issuer)
        let response = try await introspect(issuer, token, accept: accept)
        #expect(response.headers[.contentType] == Self.type)
        #expect(response.headers[.cacheControl] == "no-store")
        let claims = try await jwt(response, at: issuer).claims
        #expect(Set(claims.names) == ["iss", "aud", "iat", "token_introspection"])
        let plain = try await introspect(issuer, token, accept: nil).json()
        #expect(plain["active"] == true)
        #expect(claims["token_introspection"] == .object(plain))
    }

    @Test("RFC9701-001: everybody else gets JSON", arguments: [nil, "*/*", "application/json", "application/jwt"])
    func plain(_ accept: String?) async throws {
        let issuer = try await TestIssuer()
        let response = try await introspect(issuer, token(issuer), accept: accept)
        #expect(response.headers[.contentType]?.hasPrefix("application/json") == true)
        #expect(try response.json()["active"] == true)
    }

    @Test(
        "RFC9701-004 RFC9701-006: of a token that is not for the caller, or none, the JWT says only that it is inactive"
    )
    func inactive() async throws {
        let issuer = try await TestIssuer()
        let token = try await token(issuer)
        for (text, client) in [("rubbish", "api"), (token, "own")] {
            let response = try await introspect(issuer, text, by: client)
            #expect(try await jwt(response, at: issuer, for: client).claims["token_introspection"] == ["active": false])
        }
        let anonymous = try await issuer.send(
            .post, "/introspect", form: [("token", token), ("client_id", "spa")], headers: [.accept: Self.type])
        #expect(anonymous.status == .unauthorized)
    }

    @Test(
        "RFC9701-007: each client has its algorithm", arguments: [SignatureAlgorithm.es256, .ps256, .ed25519, .es384])
    func algorithm(_ algorithm: SignatureAlgorithm) async throws {
        let client: JSONObject = [
            "client_id": "rs", "client_secret": "rs-secret-rs-secret-rs-secret-1", "grant_types": [],
            "introspection_signed_response_alg": .string(algorithm.rawValue),
        ]
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: client))
        let response = try await introspect(issuer, "rubbish", by: "rs")
        #expect(try await jwt(response, at: issuer, algorithm, for: "rs").header["alg"]?.string == algorithm.rawValue)
        #expect(throws: InvalidDocument.self) {
            try Client(client.changed(by: ["introspection_signed_response_alg": "none", "client_secret": .null]))
        }
        #expect(throws: InvalidDocument.self) {
            try Client(
                client.changed(by: ["introspection_encrypted_response_alg": "RSA-OAEP", "client_secret": .null]))
        }
    }

    @Test("RFC9701-008: the metadata list the algorithms")
    func metadata() async throws {
        let metadata = try await TestIssuer().send(.get, "/.well-known/openid-configuration").json()
        #expect(
            metadata["introspection_signing_alg_values_supported"]
                == ["ES256", "RS256", "PS256", "Ed25519", "ES384", "PS384"])
    }

    @Test("RFC9701-009: the response is no token")
    func confusion() async throws {
        let issuer = try await TestIssuer()
        guard case .bytes(let body) = try await introspect(issuer, token(issuer)).body else {
            throw Unexpected("a page")
        }
        let text = String(decoding: body, as: UTF8.self)
        let bearer: HTTPFields = [.authorization: "Bearer \(text)"]
        #expect(try await issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
        #expect(try await introspect(issuer, text, accept: nil).json() == ["active": false])
        let hint = Browser.webRequest([("id_token_hint", text)])
        #expect(try await Browser(issuer).get("/authorize", hint).answer()["error"] == "invalid_request")
    }

    @Test("FAPI2-MS-007: a client whose profile demands signed messages always gets a JWT")
    func profile() async throws {
        let client = try SigningClient("rs")
        let registration = client.registration(["profile": "fapi2-message-signing", "dpop_bound_access_tokens": true])
        let issuer = try await TestIssuer(resources: TestIssuer.resources(adding: registration))
        let form = try await [("token", "rubbish")] + client.credentials(for: issuer)
        let response = try await issuer.send(.post, "/introspect", form: form)
        #expect(
            try await jwt(response, at: issuer, .ps256, for: "rs").claims["token_introspection"] == ["active": false])
    }
}
