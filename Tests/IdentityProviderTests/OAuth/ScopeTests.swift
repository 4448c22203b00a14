import JOSE
import Testing

@testable import IdentityProvider

@Suite("RFC 6749 §3.3: scope")
struct ScopeTests {
    private static let catalog = ResourceCatalog(servers: [
        ResourceServer(identifier: "https://orders.example", scopes: ["orders"])
    ])

    private static func granted(_ requested: String?) throws -> Scope {
        let client = try Client([
            "client_id": "web", "grant_types": ["client_credentials"],
            "scope": "openid profile offline_access roles orders unknown",
        ])
        return try catalog.scope(requested, of: client)
    }

    @Test(
        "RFC6749-019: without scope, a client gets what it registered, except what must be requested",
        arguments: [
            (nil, "openid profile orders"), ("offline_access openid", "offline_access openid"),
            ("openid offline_access", "openid offline_access"), ("orders  email unknown", "orders"),
        ] as [(String?, String)])
    func defaults(_ requested: String?, _ expected: String) throws {
        #expect(try Set(Self.granted(requested).values) == Set(expected.split(separator: " ").map(String.init)))
    }

    @Test(
        "RFC6749-019: a scope of which nothing is available is invalid_scope", arguments: ["email", "a\"b", "unknown"])
    func nothing(_ requested: String) {
        #expect(throws: OAuthError.invalidScope("")) { try Self.granted(requested) }
    }
}
