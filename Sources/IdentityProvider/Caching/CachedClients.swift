import FoundationEssentials

/// Clients from memory: the token endpoint must not wait for the database to learn who asks.
struct CachedClients: ClientStore {
    private let store: any ClientStore
    private let cache: Cache<Identifier<Client>, Client?>

    init(_ store: any ClientStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache(now: now)
    }

    func find(_ id: Identifier<Client>) async throws -> Client? {
        try await cache.value(id) { try await store.find(id) }
    }

    func all() async throws -> [Client] { try await store.all() }

    func save(_ client: Client) async throws {
        try await store.save(client)
        clear()
    }

    func delete(_ id: Identifier<Client>) async throws {
        try await store.delete(id)
        clear()
    }

    func clear() { cache.clear() }
}
