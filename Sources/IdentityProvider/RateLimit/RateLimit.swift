/// The requests that one key may make: `burst` at once, refilled at `perMinute`.
package struct RateLimit: Hashable, Sendable {
    package let burst: Int
    package let perMinute: Int

    package init(burst: Int, perMinute: Int) {
        self.burst = burst
        self.perMinute = perMinute
    }
}

extension RateLimit {
    /// For endpoints where secrets could be guessed: sign-in and second factor.
    package static let guessing = RateLimit(burst: 30, perMinute: 60)
    /// For endpoints where programs request tokens.
    package static let tokens = RateLimit(burst: 600, perMinute: 6000)
}
