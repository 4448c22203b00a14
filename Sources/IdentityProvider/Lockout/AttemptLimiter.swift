import FoundationEssentials

/// Slows guessing down, wherever the guesses come from, and stops it at last.
///
/// Success costs nothing here. Guesses at once, before any of them has failed, are bounded in memory: the count of all
/// nodes exceeds a rule by no more than ten a node.
package struct AttemptLimiter: Sendable {
    let spread: AttemptSpread
    private let store: any AttemptStore
    private let digester: SecretDigester
    private let limiter: RateLimiter
    private let notices: AccountNotices
    let audit: AuditLog
    private let now: @Sendable () -> Date
    private static let atOnce = RateLimit(burst: 10, perMinute: 600)

    init(_ core: Core) {
        spread = AttemptSpread(core)
        store = core.stores.attempts
        digester = core.digester
        limiter = core.limiter
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    /// What keeps the next attempt waiting; `nil` when it may be made now.
    func wait(for counters: [AttemptCounter]) async throws -> AttemptPause? {
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

    /// `user` is whose account the counters are of, if there is one. Of all failures at once, on all nodes, the one that
    /// locks is recorded and told; those that come after it are not.
    func failed(_ counters: [AttemptCounter], of user: Identifier<User>?) async throws {
        let moment = now()
        let counts = try await store.fail(
            counters.map(digest), at: moment, expiresAt: moment.addingTimeInterval(AttemptRule.memory))
        for counter in counters {
            guard let limit = counter.rule.locksAt, counts[digest(counter)] == limit else { continue }
            audit.record(.accountLocked(seconds: Int(AttemptRule.memory)), user: user)
            if let notice = counter.notice { await notices.tell(notice) }
        }
    }

    /// Whoever knew the secret starts anew under the counters of the account. An address does not: `AttemptSpread.succeeded`
    /// takes back a few of its failures.
    func succeeded(_ counters: [AttemptCounter]) async throws {
        let names = counters.filter { $0.rule.locksAt != nil }.map(digest)
        for name in names { limiter.giveBack(name, of: Self.atOnce) }
        guard try await !store.failures(of: names, at: now()).isEmpty else { return }
        try await store.forget(names)
    }

    /// Returns whether anything was counted.
    @discardableResult
    func unlock(_ counters: [AttemptCounter]) async throws -> Bool { try await store.forget(counters.map(digest)) }

    private func digest(_ counter: AttemptCounter) -> String { counter.key(digester) }
}
