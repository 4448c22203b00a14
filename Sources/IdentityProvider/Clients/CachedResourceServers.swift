import FoundationEssentials

/// The resource servers of an issuer, in memory: every token request needs them.
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
