import FoundationEssentials
import JOSE

/// A cache of the issuer's attributes, so that issuing a token doesn't wait for the database.
struct CachedAttributes: Sendable {
    private let store: any AttributeStore
    private let cache: Cache<Int, AttributeCatalog>

    init(_ store: any AttributeStore, now: @escaping @Sendable () -> Date) {
        self.store = store
        cache = Cache("attributes", now: now)
    }

    func catalog() async throws -> AttributeCatalog {
        try await cache.value(0) { AttributeCatalog(try await store.all()) }
    }

    /// A user without attributes needs no declarations.
    func attributes(of user: User) async throws -> UserAttributes {
        user.attributes.isEmpty ? UserAttributes() : UserAttributes(user, in: try await catalog())
    }

    func clear() { cache.clear() }
}
