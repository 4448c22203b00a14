import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID Connect Core §5.4: claims of the scope in ID Tokens, for clients that register it")
struct ScopeClaimsTests {
    private func issuer(_ members: String) async throws -> TestIssuer {
        try await TestIssuer(
            resources: """
                {"users": [{"username": "alice", "password": "correct horse", "name": "Alice Liddell",
                     "email": "alice@example.com", "roles": ["editor"],
                     "attributes": {"department": "sales", "salary": 1}}],
                 "roles": [{"name": "editor"}],
                 "attributes": [{"name": "department", "claims": [{"scope": "profile"}]},
                     {"name": "salary", "type": "integer", "claims": [{"scope": "profile", "clients": ["payroll"]}]}],
                 "clients": [{"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
                     "redirect_uris": ["https://shop.example/callback"], "consent": "skip"\(members),
                     "grant_types": ["authorization_code", "refresh_token"],
                     "scope": "openid profile email roles"}]}
                """)
    }

    private static let names = [
        "name", "preferred_username", "email", "email_verified", "roles", "department", "salary",
    ]
    /// The attribute `salary` is for another client.
    private static let own = names.filter { $0 != "salary" }

    @Test(
        "the default is the standard: userinfo has them; the ID Token has only roles and what `claims` requests",
        arguments: [
            ("", "openid profile email roles", ["roles"]),
            (#", "id_token_claims": "requested""#, "openid profile email roles", ["roles"]),
            (#", "id_token_claims": "scope""#, "openid profile email roles", own),
            (#", "id_token_claims": "scope""#, "openid email", ["email", "email_verified"]),
            (#", "id_token_claims": "scope""#, "openid", []),
        ])
    func released(_ members: String, _ scope: String, _ expected: [String]) async throws {
        let issuer = try await issuer(members)
        let answer = try await issuer.redeem(Browser(issuer).code(scope: scope)).json()
        let claims = try JWTClaims.of(answer["id_token"]?.string)
        #expect(Self.names.filter { claims[$0] != nil } == expected)
        #expect(claims["sub"]?.string != nil && claims["aud"] == "web" && claims["iss"] == "https://id.example.com")
        let bearer: HTTPFields = [.authorization: "Bearer \(answer["access_token"]?.string ?? "")"]
        let userInfo = try await issuer.send(.get, "/userinfo", headers: bearer).json()
        #expect(expected.allSatisfy { claims[$0] == userInfo[$0] })
        // An ID Token of a refresh has the same claims, and the access token none of them.
        let next = try await issuer.refresh(answer["refresh_token"]?.string ?? "").json()
        let again = try JWTClaims.of(next["id_token"]?.string)
        #expect(Self.names.filter { again[$0] != nil } == expected)
        let access = try JWTClaims.of(answer["access_token"]?.string)
        #expect(Self.names.allSatisfy { access[$0] == nil })
    }

    @Test("a refresh for a narrower scope gets fewer claims")
    func narrowed() async throws {
        let issuer = try await issuer(#", "id_token_claims": "scope""#)
        let answer = try await issuer.redeem(Browser(issuer).code(scope: "openid profile email")).json()
        let next = try await issuer.refresh(answer["refresh_token"]?.string ?? "", [("scope", "openid email")]).json()
        let claims = try JWTClaims.of(next["id_token"]?.string)
        #expect(Self.names.filter { claims[$0] != nil } == ["email", "email_verified"])
    }

    @Test("docs/claims.md names every claim")
    func documented() throws {
        let page = URL(filePath: #filePath).appending(path: "../../../../docs/claims.md").standardizedFileURL
        let text = try String(contentsOf: page, encoding: .utf8)
        for claim in Claims.all + IDToken.claimNames { #expect(text.contains("`\(claim)`"), "\(claim)") }
    }
}
