import FoundationEssentials

/// Slows guessing at one account down, wherever the guesses come from. Names that do not exist are counted alike.
struct SignInThrottle: Sendable {
    let limiter: RateLimiter
    let now: @Sendable () -> Date
    private static let limit = RateLimit(burst: 10, perMinute: 5)

    /// Counts an attempt. Returns `nil`, or the seconds to wait before the next one.
    func wait(for name: String) async -> Int? { await limiter.take(key(name), of: Self.limit, at: now()) }

    /// Only failures count.
    func succeeded(_ name: String) async { await limiter.giveBack(key(name), of: Self.limit) }

    private func key(_ name: String) -> String { "sign-in \(User.key(of: name).prefix(256))" }
}
