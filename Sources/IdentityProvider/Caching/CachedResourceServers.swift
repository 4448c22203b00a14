import FoundationEssentials

/// Resource servers from memory: every token asks for them.
struct CachedResourceServers: ResourceServerStore {
    private let store: any ResourceServerStore
    private let cache: Cache<Int, [ResourceServer]>

    init(_ store: any ResourceServerStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("resource_servers", now: now)
    }

    func all() async throws -> [ResourceServer] { try await cache.value(0) { try await store.all() } }

    func save(_ server: ResourceServer) async throws {
        try await store.save(server)
        clear()
    }

    func delete(_ identifier: String) async throws {
        try await store.delete(identifier)
        clear()
    }

    func clear() { cache.clear() }
}
