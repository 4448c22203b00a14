import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Which endpoints scripts of other origins can use (Fetch §3.2)")
struct CrossOriginRouteTests {
    @Test("RFC10017-015 OIDC-Discovery-009: those that browser clients need are shared, and those with cookies are not")
    func shared() async throws {
        let routes = try await TestIssuer().provider.endpoints.flatMap(\.routes)
        func isShared(_ path: String) throws -> Bool {
            let found = routes.filter { $0.path.text == path }
            try #require(!found.isEmpty, "\(path)")
            return found.allSatisfy(\.isSharedAcrossOrigins)
        }
        for path in [
            "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/token",
            "/revoke",
            "/userinfo",
        ] {
            #expect(try isShared(path), "\(path)")
        }
        for path in ["/authorize", "/sign-in", "/consent", "/logout", "/account"] {
            #expect(try !isShared(path), "\(path)")
        }
    }
}
