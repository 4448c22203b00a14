import FoundationEssentials

/// A cache of the issuer's resource servers, which every token request needs.
struct CachedResourceServers: Sendable {
    private let store: any ResourceServerStore
    private let cache: Cache<Int, ResourceCatalog>

    init(_ store: any ResourceServerStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("resource_servers", now: now)
    }

    func catalog() async throws -> ResourceCatalog {
        try await cache.value(0) { ResourceCatalog(servers: try await store.all()) }
    }

    func clear() { cache.clear() }
}
