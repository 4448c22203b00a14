import JOSE
import Testing

@testable import IdentityProvider

@Suite("RFC 8707 §2.2, RFC 9068 §3: the audience of an access token")
struct TokenTargetTests {
    private static let catalog = ResourceCatalog(servers: [
        ResourceServer(identifier: "urn:a", scopes: ["a", "shared"]),
        ResourceServer(identifier: "urn:b", scopes: ["b", "shared"]),
        ResourceServer(identifier: "urn:none", scopes: []),
    ])

    private static func target(
        _ scope: Scope, registered: String = "openid profile a b shared", granted: [String] = [],
        requested: [String] = []
    ) throws -> TokenTarget {
        let client = try Client([
            "client_id": "web", "grant_types": ["client_credentials"], "scope": .string(registered),
        ])
        return try TokenTarget(scope, of: client, in: catalog, granted: granted, requested: requested)
    }

    @Test(
        "the servers are those with a remaining scope; resource narrows them and excludes the issuer",
        arguments: [
            (["openid", "profile"], [], [], [], "openid profile", true),
            ([], [], [], [], "", true),
            (["a"], [], [], ["urn:a"], "a", false),
            (["openid", "a", "b"], [], [], ["urn:a", "urn:b"], "openid a b", true),
            (["openid", "a", "b"], [], ["urn:b"], ["urn:b"], "b", false),
            (["openid", "a", "b"], ["urn:a"], [], ["urn:a"], "a", false),
            (["openid", "a", "b"], ["urn:a", "urn:b"], ["urn:b"], ["urn:b"], "b", false),
            (["openid", "a"], ["urn:a", "urn:b"], [], ["urn:a"], "a", false),
            (["shared"], [], [], ["urn:a", "urn:b"], "shared", false),
            (["shared"], [], ["urn:b"], ["urn:b"], "shared", false),
            (["shared", "a"], ["urn:b"], [], ["urn:b"], "shared", false),
        ] as [(Scope, granted: [String], requested: [String], servers: [String], String, Bool)])
    func accepted(
        _ scope: Scope, granted: [String], requested: [String], servers: [String], tokenScope: String,
        includesIssuer: Bool
    ) throws {
        let target = try Self.target(scope, granted: granted, requested: requested)
        #expect(target.servers.map(\.identifier) == servers)
        #expect(target.tokenScope.text == tokenScope)
        #expect(target.includesIssuer == includesIssuer)
        #expect(
            target.servers.allSatisfy { server in server.scopes.contains(where: target.tokenScope.contains) })
    }

    @Test(
        "a resource without a granted and registered scope is refused",
        arguments: [
            (["openid"], "openid a", [], ["urn:a"]), (["openid", "a"], "openid", [], ["urn:a"]),
            (["openid", "a"], "openid a", [], ["urn:a", "urn:b"]), (["a"], "a", ["urn:a"], ["urn:b"]),
            (["a", "b"], "a b", ["urn:a"], ["urn:b"]), (["openid"], "openid a", ["urn:a"], []),
            (["a"], "a", [], ["urn:none"]), (["a"], "a", [], ["urn:unknown"]), ([], "a", [], ["urn:a"]),
        ] as [(Scope, registered: String, granted: [String], requested: [String])])
    func refused(_ scope: Scope, registered: String, granted: [String], requested: [String]) throws {
        #expect(throws: OAuthError(code: .invalidTarget, description: "")) {
            try Self.target(scope, registered: registered, granted: granted, requested: requested)
        }
    }

    @Test(
        "RFC 9068 §2.1: a token for servers that want different algorithms is signed with RS256, which all must support",
        arguments: [
            ([], .es256), (["e"], .es256), (["r"], .rs256), (["openid", "e"], .es256), (["e", "r"], .rs256),
        ] as [(Scope, SignatureAlgorithm)])
    func algorithm(_ scope: Scope, _ expected: SignatureAlgorithm) throws {
        let catalog = ResourceCatalog(servers: [
            ResourceServer(identifier: "urn:e", scopes: ["e"]),
            ResourceServer(identifier: "urn:r", scopes: ["r"], accessTokenAlgorithm: .rs256),
        ])
        let client = try Client(["client_id": "web", "grant_types": ["client_credentials"], "scope": "openid e r"])
        #expect(try TokenTarget(scope, of: client, in: catalog).algorithm == expected)
    }

    @Test("a scope that is no longer registered is refused instead of yielding a token for the issuer")
    func nothingLeft() throws {
        #expect(throws: OAuthError.invalidScope("")) { try Self.target(["a"], registered: "openid b") }
    }
}
