import FoundationEssentials

/// Clients from memory: the token endpoint must not wait for the database to learn who asks.
struct CachedClients: ClientStore {
    private let store: any ClientStore
    private let cache: Cache<Identifier<Client>, Client>

    init(_ store: any ClientStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("clients", now: now)
    }

    func find(_ id: Identifier<Client>) async throws -> Client? {
        // Who there is not is not remembered: names made up by strangers would drive out the clients that there are.
        do { return try await cache.value(id) { try await store.find(id).orThrow() } } catch is Absent { return nil }
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

/// There is no such value.
private struct Absent: Error {}

extension Optional {
    fileprivate func orThrow() throws(Absent) -> Wrapped {
        guard let self else { throw Absent() }
        return self
    }
}
