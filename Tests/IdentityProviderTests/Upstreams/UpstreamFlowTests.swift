import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Signing in at an upstream (OpenID Connect Core §3.1)")
struct UpstreamFlowTests {
    @Test("a linked user signs in, and the client gets a code", arguments: TestEngine.allCases)
    func linked(_ engine: TestEngine) async throws {
        let upstream = try CannedUpstream()
        let issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream.resource()), database: TestDatabase(engine),
            fetcher: upstream)
        try await issuer.link("alice", to: "up")
        let answer = try await UpstreamVisitor(issuer).signIn(with: upstream).answer()
        let tokens = try await issuer.redeem(answer.required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        #expect(claims["amr"] == ["fed"])
        #expect(claims["acr"] == "urn:martlet:acr:1")
        let alice = try await issuer.stores.users.find(named: "alice")
        #expect(claims["sub"]?.string == alice?.id.rawValue)
    }
}
