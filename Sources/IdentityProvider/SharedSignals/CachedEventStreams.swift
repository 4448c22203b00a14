import FoundationEssentials

/// A cache of the issuer's event streams, so that a node without receivers asks the database for nothing.
struct CachedEventStreams: Sendable {
    private let store: any EventStreamStore
    private let cache: Cache<Int, [EventStream]>

    init(_ store: any EventStreamStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("event_streams", now: now)
    }

    func all() async throws -> [EventStream] { try await cache.value(0) { try await store.all() } }
    func clear() { cache.clear() }
}
