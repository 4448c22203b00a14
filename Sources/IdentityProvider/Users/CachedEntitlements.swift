import FoundationEssentials

/// Resolves roles and groups from a cache, so that issuing a token doesn't wait for the database.
struct CachedEntitlements: Sendable {
    private let roles: any RoleStore
    private let groups: any GroupStore
    private let cache: Cache<Int, EntitlementRules>

    init(roles: any RoleStore, groups: any GroupStore, now: @escaping @Sendable () -> Date) {
        self.roles = roles
        self.groups = groups
        cache = Cache("entitlements", now: now)
    }

    func entitlements(of user: User) async throws -> Entitlements {
        guard !user.roles.isEmpty || !user.groups.isEmpty else { return Entitlements() }
        let rules = try await cache.value(0) {
            EntitlementRules(roles: try await roles.all(), groups: try await groups.all())
        }
        return rules.entitlements(of: user)
    }

    func clear() { cache.clear() }
}
