import Authenticators
import Crypto
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 8705 §3, §4: tokens bound to certificates")
struct CertificateBindingTests {
    private static let resources = """
        {"clients": [
            {"client_id": "bank", "token_endpoint_auth_method": "tls_client_auth",
             "tls_client_auth_subject_dn": "CN=Leaf", "tls_client_certificate_bound_access_tokens": true,
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"], "consent": "skip",
             "redirect_uris": ["https://bank.example/cb"], "scope": "openid profile offline_access orders.read reports.read"},
            {"client_id": "app", "token_endpoint_auth_method": "none", "tls_client_certificate_bound_access_tokens": true,
             "grant_types": ["authorization_code", "refresh_token"], "consent": "skip",
             "redirect_uris": ["https://app.example/cb"], "scope": "openid profile offline_access"},
            {"client_id": "secret", "client_secret": "secret-secret-secret-secret-secret-1",
             "tls_client_certificate_bound_access_tokens": true, "grant_types": ["client_credentials"],
             "scope": "orders.read"}]}
        """

    private let bank: TestChain.Presentation
    private let other: TestChain.Presentation
    private let issuer: TestIssuer

    init() async throws {
        let (bank, other) = (try TestChain().presented(), try TestChain().presented())
        issuer = try await TestIssuer {
            $0.mutualTLS = MutualTLS(
                at: .port(8_443), trusting: ClientAuthorities(TrustAnchors([bank.root, other.root])))
        }
        _ = try await issuer.administration.apply(
            ResourceSet(JSONObject(parsing: Array(Self.resources.utf8))))
        (self.bank, self.other) = (bank, other)
    }

    private func thumbprint(_ chain: TestChain.Presentation) -> String {
        Base64URL.encode(Array(SHA256.hash(data: chain.certificates[0])))
    }

    private func ask(
        _ form: [(String, String)], as client: String = "bank", _ chain: TestChain.Presentation?
    ) async throws -> Response {
        try await issuer.send(
            .post, "/token", form: form + [("client_id", client)], certificates: chain?.certificates ?? [])
    }

    private func machineToken(scope: String = "orders.read") async throws -> String {
        let response = try await ask([("grant_type", "client_credentials"), ("scope", scope)], bank)
        return try #require(try response.json()["access_token"]?.string)
    }

    /// Signs alice in at `client`, and returns the response with the tokens.
    private func userTokens(
        of client: String, _ chain: TestChain.Presentation?, scope: String = "openid profile offline_access"
    ) async throws -> JSONObject {
        let (proof, redirect) = (Proof(), "https://\(client).example/cb")
        let answer = try await Browser(issuer).authorize(
            [
                ("response_type", "code"), ("client_id", client), ("redirect_uri", redirect), ("scope", scope),
                ("state", "s"), ("prompt", "consent"),
            ] + proof.parameters)
        let code = try answer.answer().required("code")
        return try await ask(
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
                ("code_verifier", proof.verifier),
            ], as: client, chain
        ).json()
    }

    private func call(
        _ path: String, _ token: String?, _ chain: TestChain.Presentation?, query: String? = nil
    ) async throws -> Response {
        try await issuer.send(
            .get, path, query: query, headers: [.authorization: "Bearer \(token ?? "")"],
            certificates: chain?.certificates ?? [])
    }

    @Test("RFC8705-006: the token has the SHA-256 thumbprint of the certificate in cnf, in base64url without padding")
    func claim() async throws {
        let claims = try JWTClaims.of(await machineToken())
        #expect(claims["cnf"] == ["x5t#S256": .string(thumbprint(bank))])
        #expect(thumbprint(bank).utf8.count == 43)
    }

    @Test("RFC8705-009: only clients that register it get bound tokens, and only with a certificate")
    func registration() async throws {
        let unbound = try await issuer.send(
            .post, "/token",
            form: [
                ("grant_type", "client_credentials"), ("client_id", "post"), ("scope", "orders.read"),
                ("client_secret", "post-secret-post-secret-post-secret"),
            ], certificates: bank.certificates
        ).json()
        #expect(try JWTClaims.of(unbound["access_token"]?.string)["cnf"] == nil)
        // The certificate binds, whatever the client authenticates with (§3).
        let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]
        let credentials = Data("secret:secret-secret-secret-secret-secret-1".utf8).base64EncodedString()
        func withSecret(_ certificates: [[UInt8]]) async throws -> JSONObject {
            try await issuer.send(
                .post, "/token", form: form, headers: [.authorization: "Basic \(credentials)"],
                certificates: certificates
            ).json()
        }
        let bound = try await withSecret(other.certificates)
        #expect(
            try JWTClaims.of(bound["access_token"]?.string)["cnf"] == ["x5t#S256": .string(thumbprint(other))])
        #expect(try await withSecret([])["error"] == "invalid_request")
        #expect(try await withSecret([[1, 2, 3]])["error"] == "invalid_request")
    }

    @Test(
        "FAPI2-SP-008 FAPI2-SP-009: a client of the profile authenticates by its certificate, and its tokens are bound to it"
    )
    func profile() async throws {
        let keys = #"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        let client = """
            {"clients": [{"client_id": "fapi", "profile": "fapi2", "token_endpoint_auth_method": "tls_client_auth",
              "tls_client_auth_subject_dn": "CN=Leaf", "jwks": \(keys),
              "grant_types": ["client_credentials"], "scope": "orders.read"}]}
            """
        _ = try await issuer.administration.apply(ResourceSet(JSONObject(parsing: Array(client.utf8))))
        let token = try await ask([("grant_type", "client_credentials")], as: "fapi", bank).json()
        #expect(
            try JWTClaims.of(token["access_token"]?.string)["cnf"] == ["x5t#S256": .string(thumbprint(bank))])
    }

    @Test("RFC8705-005: with another certificate, or none, a bound token gets 401 invalid_token at userinfo")
    func userInfo() async throws {
        let token = try await userTokens(of: "bank", bank)["access_token"]?.string
        #expect(try await call("/userinfo", token, bank).json()["name"] == "Alice Liddell")
        for chain in [other, nil] {
            let refused = try await call("/userinfo", token, chain)
            #expect(refused.status == .unauthorized)
            #expect(refused.headers[.wwwAuthenticate]?.contains("error=\"invalid_token\"") == true)
        }
        // Only the first certificate of a chain is the client's own.
        let swapped = try await issuer.send(
            .get, "/userinfo", headers: [.authorization: "Bearer \(token ?? "")"],
            certificates: [bank.certificates[1], bank.certificates[0]])
        #expect(swapped.status == .unauthorized)
        #expect(
            try await issuer.send(
                .get, "/userinfo", headers: [.authorization: "Bearer \(token ?? "")"], certificates: [[1]]
            ).status == .unauthorized)
    }

    @Test("RFC8705-005 FAPI2-SP-034: /api/auth/validate accepts a bound token only with its certificate")
    func validate() async throws {
        let user = try await userTokens(of: "bank", bank)["access_token"]?.string
        let machine = try await machineToken()
        for (token, query) in [(user, nil), (machine, "audience=https://api.example.com")] {
            let right = try await call("/api/auth/validate", token, bank, query: query)
            #expect(try right.json()["active"] == true)
            for chain in [other, nil] {
                let refused = try await call("/api/auth/validate", token, chain, query: query)
                #expect(refused.status == .unauthorized)
                #expect(try refused.json()["active"] == false)
            }
        }
    }

    @Test("RFC8705-007: introspection returns the confirmation of JWT and opaque tokens")
    func introspection() async throws {
        for scope in ["orders.read", "reports.read"] {
            let token = try await machineToken(scope: scope)
            let answer = try await issuer.token([("token", token)], client: "api", at: "/introspect").json()
            #expect(answer["active"] == true)
            #expect(answer["cnf"] == ["x5t#S256": .string(thumbprint(bank))], "\(scope)")
            #expect(answer["token_type"] == "Bearer")
        }
    }

    @Test("RFC8705-010: a public client's refresh token works only with the certificate that it was issued for")
    func publicRefresh() async throws {
        let first = try await userTokens(of: "app", bank)
        let token = try #require(first["refresh_token"]?.string)
        func refresh(_ token: String, _ chain: TestChain.Presentation?) async throws -> JSONObject {
            try await ask([("grant_type", "refresh_token"), ("refresh_token", token)], as: "app", chain).json()
        }
        // Neither wastes the token, because a thief could otherwise end the session.
        #expect(try await refresh(token, other)["error"] == "invalid_grant")
        #expect(try await refresh(token, nil)["error"] == "invalid_request")
        let next = try await refresh(token, bank)
        #expect(
            try JWTClaims.of(next["access_token"]?.string)["cnf"] == ["x5t#S256": .string(thumbprint(bank))])
        let successor = try #require(next["refresh_token"]?.string)
        #expect(try await refresh(successor, other)["error"] == "invalid_grant")
        #expect(try await refresh(successor, bank)["access_token"]?.string != nil)
    }

    @Test("RFC8705-010: a client that authenticates may renew its certificate and keep its refresh tokens (§7.1)")
    func confidentialRefresh() async throws {
        let first = try await userTokens(of: "bank", bank)
        let token = try #require(first["refresh_token"]?.string)
        let next = try await ask([("grant_type", "refresh_token"), ("refresh_token", token)], other).json()
        #expect(
            try JWTClaims.of(next["access_token"]?.string)["cnf"] == ["x5t#S256": .string(thumbprint(other))])
        // The former access token stays bound to the former certificate.
        let former = first["access_token"]?.string
        #expect(try await call("/userinfo", former, bank).status == .ok)
        #expect(try await call("/userinfo", former, other).status == .unauthorized)
    }

    @Test("a token that is not bound works with any certificate and without one")
    func unbound() async throws {
        let code = try await Browser(issuer).code()
        let token = try await issuer.redeem(code).json()["access_token"]?.string
        for chain in [bank, other, nil] { #expect(try await call("/userinfo", token, chain).status == .ok) }
    }
}
