import FoundationEssentials
import IdentityProvider
import Testing

@Suite("Rate limits")
struct RateLimiterTests {
    @Test("a burst is allowed, then a steady rate, with separate budgets per key")
    func bucket() async {
        let limiter = RateLimiter()
        let limit = RateLimit(burst: 3, perMinute: 60)
        let start = Date(timeIntervalSince1970: 0)
        for _ in 0..<3 { #expect(limiter.take("a", of: limit, at: start) == nil) }
        #expect(limiter.take("a", of: limit, at: start) == 1)
        #expect(limiter.take("b", of: limit, at: start) == nil)
        #expect(limiter.take("a", of: limit, at: start.addingTimeInterval(1)) == nil)
        #expect(limiter.take("a", of: limit, at: start.addingTimeInterval(1)) == 1)
    }

    @Test("of 64 concurrent tasks, exactly as many pass as there are tokens")
    func race() async {
        let limiter = RateLimiter()
        let limit = RateLimit(burst: 10, perMinute: 1)
        let passed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask { limiter.take("a", of: limit, at: Date(timeIntervalSince1970: 0)) == nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(passed == 10)
    }

    @Test("a flood of keys doesn't use unbounded memory or release keys that are limited")
    func memory() async {
        let limiter = RateLimiter(maximumCount: 100)
        let limit = RateLimit(burst: 2, perMinute: 1)
        let now = Date(timeIntervalSince1970: 0)
        for _ in 0..<2 { _ = limiter.take("victim", of: limit, at: now) }
        for index in 0..<1_000 { _ = limiter.take("n\(index)", of: limit, at: now) }
        #expect(limiter.take("victim", of: limit, at: now) != nil)
    }

    @Test("a charge beyond the limit is a debt, which is at most what refills in five minutes")
    func debt() {
        let limiter = RateLimiter()
        let limit = RateLimit(burst: 2, perMinute: 60)
        let now = Date(timeIntervalSince1970: 0)
        for _ in 0..<3 { limiter.charge("a", of: limit, at: now) }
        #expect(limiter.wait(for: "a", of: limit, at: now) == 2)
        for _ in 0..<400 { limiter.charge("a", of: limit, at: now) }
        #expect(limiter.wait(for: "a", of: limit, at: now) == 301)
        #expect(limiter.wait(for: "a", of: limit, at: now.addingTimeInterval(301)) == nil)
        // However strict the limit is, guesses that were checked at once have to be waited for.
        let strict = RateLimit(burst: 1, perMinute: 1)
        for _ in 0..<64 { limiter.charge("b", of: strict, at: now) }
        #expect(limiter.wait(for: "b", of: strict, at: now) == 360)
    }
}
