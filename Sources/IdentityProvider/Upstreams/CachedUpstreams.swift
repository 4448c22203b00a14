import FoundationEssentials

/// A cache of the issuer's upstreams, so that the sign-in page doesn't wait for the database.
struct CachedUpstreams: Sendable {
    private let store: any UpstreamStore
    private let cache: Cache<Int, [Upstream]>

    init(_ store: any UpstreamStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("upstreams", now: now)
    }

    /// Returns the enabled upstreams, sorted by identifier.
    func enabled() async throws -> [Upstream] {
        try await cache.value(0) {
            let upstreams = try await store.all().filter { !$0.isDisabled }
            for upstream in upstreams { Measurements.register(upstream.id) }
            return upstreams
        }
    }

    /// Returns the upstream, or `nil` if it is unknown or disabled.
    func findEnabled(_ id: Identifier<Upstream>) async throws -> Upstream? {
        try await enabled().first { $0.id == id }
    }

    func clear() { cache.clear() }
}
