import FoundationEssentials

/// A cache in front of the client store, so that token requests don't wait for the database.
struct CachedClients: ClientStore {
    private let store: any ClientStore
    private let hidden: Identifier<Client>?
    private let cache: Cache<Identifier<Client>, Client>
    private let origins: Cache<Int, [String: Client]>
    private let asking: Cache<Int, [String]>

    /// The client `hidden` is treated as nonexistent, even if it is stored.
    init(_ store: any ClientStore, hiding hidden: Identifier<Client>? = nil, now: @escaping @Sendable () -> Date) {
        self.store = store
        self.hidden = hidden
        cache = Cache("clients", now: now)
        origins = Cache("forward_auth_origins", now: now)
        asking = Cache("session_management_origins", now: now)
    }

    func find(_ id: Identifier<Client>) async throws -> Client? {
        guard id != hidden else { return nil }
        // Misses are not cached: requests with made-up identifiers would evict real clients.
        do { return try await cache.value(id) { try await store.find(id).orThrow() } } catch is Absent { return nil }
    }

    func all() async throws -> [Client] { try await store.all().filter { $0.id != hidden } }

    func save(_ client: Client) async throws {
        try await store.save(client)
        clear()
    }

    func add(_ client: Client) async throws -> Bool {
        defer { clear() }
        return try await store.add(client)
    }

    func update(_ stored: Client, to client: Client) async throws -> Bool {
        defer { clear() }
        return try await store.update(stored, to: client)
    }

    func delete(_ id: Identifier<Client>) async throws {
        try await store.delete(id)
        clear()
    }

    /// Returns the enabled client whose forward-auth rule covers `origin`; `nil` if several do, because the choice
    /// between their rules would be arbitrary.
    func client(protecting origin: String) async throws -> Client? {
        try await origins.value(0) {
            var guards: [String: [Client]] = [:]
            for client in try await all() where !client.isDisabled {
                for origin in client.forwardAuth?.origins ?? [] { guards[origin, default: []].append(client) }
            }
            return guards.compactMapValues { $0.count == 1 ? $0[0] : nil }
        }[origin]
    }

    /// Returns the origins of the enabled clients that use session management, sorted.
    func originsUsingSessionManagement() async throws -> [String] {
        try await asking.value(0) {
            let using = try await all().filter { !$0.isDisabled && $0.logoutRules.usesSessionManagement }
            return Set(using.flatMap(\.webOrigins)).sorted()
        }
    }

    func clear() {
        cache.clear()
        origins.clear()
        asking.clear()
    }
}

/// Thrown instead of returning `nil`, because the cache doesn't store errors.
private struct Absent: Error {}

extension Optional {
    fileprivate func orThrow() throws(Absent) -> Wrapped {
        guard let self else { throw Absent() }
        return self
    }
}
