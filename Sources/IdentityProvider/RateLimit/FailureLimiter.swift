import FoundationEssentials

/// Limits failures on all nodes together. Each failure fills a bucket in the database and one in memory; a request that
/// doesn't fail costs at most a read. Names are digests, so that the table does not reveal who is under attack.
struct FailureLimiter: Sendable {
    private let store: any AttemptStore
    private let limiter: RateLimiter
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        store = core.stores.attempts
        limiter = core.limiter
        now = core.now
    }

    /// Returns the seconds until the next attempt, or `nil` if it is allowed now.
    func wait(for name: String, of limit: RateLimit) async throws -> Int? {
        // A flood at this node stays away from the database.
        if let seconds = limiter.wait(for: name, of: limit, at: now()) { return seconds }
        if let full = try await store.failures(of: [name], at: now())[name]?.expiresAt {
            // The bucket is empty at `expiresAt` and has no room while more than `burst - 1` failures are left in it.
            // Half a failure allows for rounding.
            let excess = full.timeIntervalSince(now()) - limit.interval * TimeInterval(limit.burst - 1)
            if excess > limit.interval / 2 { return max(1, Int(excess.rounded(.up))) }
        }
        // Again, and last: nothing suspends between this and a cheap check, so concurrent guesses here all count.
        return limiter.wait(for: name, of: limit, at: now())
    }

    /// Counts a failure. Attempts that were underway when the limit was reached count as well, up to
    /// `RateLimit.longestDebt`.
    func failed(_ name: String, of limit: RateLimit) async throws {
        limiter.charge(name, of: limit, at: now())
        try await store.fill(
            name, by: limit.interval, upTo: limit.interval * TimeInterval(limit.burst) + RateLimit.longestDebt,
            at: now())
    }
}
