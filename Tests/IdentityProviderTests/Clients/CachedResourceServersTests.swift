import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Cached resource servers")
struct CachedResourceServersTests {
    @Test("the catalog is rebuilt only after the cache is cleared or expires")
    func catalog() async throws {
        let issuer = try await TestIssuer(resources: "{}")
        let store = issuer.stores.resourceServers
        let resources = CachedResourceServers(store) { issuer.clock.now }
        #expect(try await resources.catalog().servers.isEmpty)
        let server = ResourceServer(identifier: "urn:a", scopes: ["a"])
        try await store.save(server)
        #expect(try await resources.catalog().servers.isEmpty)
        resources.clear()
        #expect(try await resources.catalog().servers == [server])
        try await store.delete(server.identifier)
        #expect(try await resources.catalog().servers == [server])
        issuer.clock.advance(by: 31)
        #expect(try await resources.catalog().servers.isEmpty)
    }
}
