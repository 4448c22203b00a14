import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 7591 §2, OpenID Connect Registration §2: rules and defaults of a registration")
struct ClientRuleTests {
    private static func document(_ members: JSONObject) -> JSONObject {
        var document: JSONObject = ["client_id": "shop", "redirect_uris": ["https://shop.example/callback"]]
        document.merge(members)
        return document
    }

    @Test(
        "RFC6749-012 RFC7591-003 OIDC-Registration-001: a client that uses codes registers a redirect URI",
        arguments: [[:], ["redirect_uris": []], ["grant_types": ["refresh_token", "authorization_code"]]]
            as [JSONObject],
        ["none", "client_secret_basic"])
    func redirectURI(_ members: JSONObject, _ method: String) throws {
        var document: JSONObject = ["client_id": "shop", "token_endpoint_auth_method": .string(method)]
        document.merge(members)
        let error = #expect(throws: InvalidDocument.self) { try Client(document) }
        #expect(error?.problems.map(\.member) == ["redirect_uris"])
        #expect(error?.problems.first?.reason == "is required for the grant type authorization_code")
        document["grant_types"] = ["refresh_token"]
        #expect(throws: Never.self) { try Client(document) }
    }

    @Test("OIDC-Core-039: ID Tokens are signed with RS256 unless the client registers another algorithm")
    func algorithm() async throws {
        let issuer = try await TestIssuer(
            resources: """
                {"users": [{"username": "alice", "password": "correct horse"}],
                 "clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
                     "redirect_uris": ["https://shop.example/callback"], "consent": "skip"}]}
                """)
        let answer = try await issuer.redeem(Browser(issuer).code(scope: "openid")).json()
        let token = try JWT(
            validating: answer["id_token"]?.string ?? "", with: try await issuer.keys(),
            rules: JWTRules(algorithms: [.rs256], issuer: "https://id.example.com", audiences: ["web"]),
            at: issuer.clock.now)
        #expect(token.header["alg"] == "RS256")
    }

    @Test(
        "OIDC-Core-077 OIDC-Registration-006: ID Tokens are neither unsigned nor signed with a client's secret",
        arguments: ["none", "HS256", "HS384", "HS512"], ["none", "client_secret_jwt"])
    func asymmetric(_ algorithm: String, _ method: String) throws {
        let members: JSONObject = [
            "id_token_signed_response_alg": .string(algorithm), "token_endpoint_auth_method": .string(method),
        ]
        let error = #expect(throws: InvalidDocument.self) { try Client(Self.document(members)) }
        #expect(error?.problems.map(\.member) == ["id_token_signed_response_alg"])
    }

    @Test(
        "OIDC-Registration-008: default_max_age stands in for the max_age that a request doesn't send",
        arguments: [(nil, 600), ("60", 60), ("0", 0), ("6000", 6_000)] as [(String?, Int)])
    func maximumAge(_ requested: String?, _ expected: Int) throws {
        let client = try Client(Self.document(["default_max_age": 600, "pkce": "optional"]))
        let parameters = Parameters(
            [
                (name: "response_type", value: "code"), (name: "redirect_uri", value: "https://shop.example/callback"),
                (name: "scope", value: "openid"),
            ] + (requested.map { [(name: "max_age", value: $0)] } ?? []))
        let request = try AuthorizationRequest(
            parameters, from: client, to: VerifiedRedirect(parameters, for: client),
            known: ResourceCatalog(servers: []), subject: nil)
        #expect(request.maxAge == expected)
    }
}
