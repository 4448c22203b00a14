import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("RFC 9068 §4: a token is accepted only by its audience")
struct ValidateAudienceTests {
    private static let issuer = "https://id.example.com"
    private static let orders = "https://orders.example"
    private static let reports = "https://reports.example"
    private static let resources = """
        {"roles": [{"name": "clerk", "permissions": ["orders:ship"]}],
         "users": [{"username": "alice", "password": "correct horse", "roles": ["clerk"]}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional", "consent": "skip",
             "redirect_uris": ["https://shop.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid orders reports"},
            {"client_id": "app", "token_endpoint_auth_method": "none", "first_party": true,
             "redirect_uris": ["https://app.example/"], "consent": "skip", "scope": "openid orders"}],
         "resource_servers": [
            {"identifier": "\(orders)", "scopes": ["orders"], "claims": ["roles"]},
            {"identifier": "\(reports)", "scopes": ["reports"], "access_token": "opaque"}]}
        """

    private func ask(_ issuer: TestIssuer, _ path: String, _ token: String?, _ query: String? = nil) async throws
        -> Response
    {
        try await issuer.send(.get, path, query: query, headers: [.authorization: "Bearer \(token ?? "")"])
    }

    private func token(_ issuer: TestIssuer, _ scope: String) async throws -> String? {
        try await issuer.redeem(Browser(issuer).code(scope: scope)).json()["access_token"]?.string
    }

    @Test(
        "a gateway accepts tokens for this issuer or for the resource server it names",
        arguments: [
            ("openid", nil, 200), ("openid", issuer, 200), ("openid", orders, 401), ("orders", nil, 401),
            ("orders", issuer, 401), ("orders", orders, 200), ("openid orders", nil, 200),
            ("openid orders", orders, 200), ("reports", nil, 401), ("openid reports", nil, 200),
        ])
    func audience(_ scope: String, _ audience: String?, _ status: Int) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let answer = try await ask(
            issuer, "/api/auth/validate", token(issuer, scope), audience.map { "audience=\($0)" })
        #expect(answer.status.code == status)
        #expect(try answer.json()["active"] == .bool(status == 200))
    }

    @Test(
        "an unknown audience, or a resource server with opaque tokens, is refused",
        arguments: ["", "https://unknown.example", "https://orders.example/", "web", reports])
    func unknown(_ audience: String) async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        for scope in ["openid", "reports"] {
            let answer = try await ask(
                issuer, "/api/auth/validate", token(issuer, scope), "audience=\(audience)")
            #expect(answer.problem == "invalid_request")
        }
    }

    @Test("a resource server's gateway can require only what that server may learn about the user")
    func demands() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let person = try await token(issuer, "orders")
        let machine = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders")]).json()
        let role = "audience=\(Self.orders)&role=clerk"
        #expect(try await ask(issuer, "/api/auth/validate", person, role).status == .ok)
        let alone = machine["access_token"]?.string
        #expect(try await ask(issuer, "/api/auth/validate", alone, role).problem == "insufficient_permissions")
        let signIn = "audience=\(Self.orders)&acr_values=urn:martlet:acr:1"
        #expect(try await ask(issuer, "/api/auth/validate", person, signIn).status == .ok)
        #expect(
            try await ask(issuer, "/api/auth/validate", alone, signIn).problem == "insufficient_user_authentication")
    }

    @Test("a first-party client's token for an API can't read userinfo or the profile, or end the session")
    func otherEndpoints() async throws {
        let issuer = try await TestIssuer(resources: Self.resources)
        let proof = Proof()
        let request = [
            ("response_type", "code"), ("client_id", "app"), ("redirect_uri", "https://app.example/"),
            ("scope", "openid orders"), ("resource", Self.orders),
        ]
        let code = try await Browser(issuer).authorize(request + proof.parameters).answer().required("code")
        let form = [
            ("grant_type", "authorization_code"), ("client_id", "app"), ("code", code),
            ("redirect_uri", "https://app.example/"), ("code_verifier", proof.verifier),
        ]
        let token = try await issuer.send(.post, "/token", form: form).json()["access_token"]?.string
        for path in ["/userinfo", "/api/auth/self", "/api/auth/validate"] {
            #expect(try await ask(issuer, path, token).status == .unauthorized, "\(path)")
        }
        let front = FrontEnd(issuer)
        let bearer: HTTPFields = [.authorization: "Bearer \(token ?? "")"]
        #expect(try await front.post("logout", "", bearer).status == .unauthorized)
        #expect(try await ask(issuer, "/api/auth/validate", token, "audience=\(Self.orders)").status == .ok)
    }
}
