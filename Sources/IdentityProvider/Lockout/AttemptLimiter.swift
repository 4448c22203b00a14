import FoundationEssentials

/// Slows down guessing, wherever it comes from, and eventually locks the account.
///
/// A successful attempt writes nothing unless there are failures to reset. Concurrent guesses, made before any of them
/// has failed, are limited in memory: across all nodes, the count exceeds a rule by at most ten per node.
package struct AttemptLimiter: Sendable {
    let spread: AttemptSpread
    private let store: any AttemptStore
    private let digester: SecretDigester
    private let limiter: RateLimiter
    private let guesses: GuessLimiter
    private let notices: AccountNotices
    let audit: AuditLog
    private let now: @Sendable () -> Date
    private static let atOnce = RateLimit(burst: 10, perMinute: 600)

    init(_ core: Core) {
        spread = AttemptSpread(core)
        store = core.stores.attempts
        digester = core.digester
        limiter = core.limiter
        guesses = GuessLimiter(core)
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    /// Returns why the next attempt must wait, or `nil` if it is allowed now. Throws if too many attempts from the
    /// address failed, except in a browser with its own counter: a neighbor can't keep users out of their browsers.
    func wait(for counters: [AttemptCounter]) async throws -> AttemptPause? {
        if !counters.contains(where: \.isOfDevice) { try await guesses.check() }
        let names = counters.map(digest)
        let failures = try await store.failures(of: names, at: now())
        let counted = zip(counters, names).compactMap { counter, name in failures[name].map { (counter.rule, $0) } }
        if let end = counted.compactMap({ rule, failures in rule.end(of: failures) }).max(), end > now() {
            return AttemptPause(
                seconds: max(1, Int(end.timeIntervalSince(now()).rounded(.up))),
                isLocked: counted.contains { rule, failures in rule.isLocked(by: failures) })
        }
        for (counter, name) in zip(counters, names) where counter.rule.locksAt != nil {
            if let seconds = limiter.take(name, of: Self.atOnce, at: now()) {
                return AttemptPause(seconds: seconds, isLocked: false)
            }
        }
        return nil
    }

    /// Counts a failure. `user` is the owner of the counters, if they exist. Of concurrent failures, on all nodes, only
    /// the one that reaches the limit records the lockout and sends the notice.
    func failed(_ counters: [AttemptCounter], of user: Identifier<User>?) async throws {
        if !counters.contains(where: \.isOfDevice) { try await guesses.failed() }
        let moment = now()
        let counts = try await store.fail(
            counters.map(digest), at: moment, expiresAt: moment.addingTimeInterval(AttemptRule.memory))
        for counter in counters {
            guard let limit = counter.rule.locksAt, counts[digest(counter)] == limit else { continue }
            audit.record(.accountLocked(seconds: Int(AttemptRule.memory)), user: user)
            if let notice = counter.notice { await notices.tell(notice) }
        }
    }

    /// Resets the counters of the account. The counter of an address is not reset: `AttemptSpread.succeeded` deducts a
    /// few of its failures.
    func succeeded(_ counters: [AttemptCounter]) async throws {
        let names = counters.filter { $0.rule.locksAt != nil }.map(digest)
        for name in names { limiter.giveBack(name, of: Self.atOnce) }
        guard try await !store.failures(of: names, at: now()).isEmpty else { return }
        try await store.forget(names)
    }

    /// Resets the counters. Returns whether they held any failures.
    @discardableResult
    func unlock(_ counters: [AttemptCounter]) async throws -> Bool { try await store.forget(counters.map(digest)) }

    private func digest(_ counter: AttemptCounter) -> String { counter.key(digester) }
}
