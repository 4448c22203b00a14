package import FoundationEssentials
import Synchronization

/// Limits requests with one token bucket per key. Its memory is bounded: full buckets are discarded. Not an actor,
/// because every request comes here, and event loops must not wait for each other (docs/decisions/0010).
package final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var refilledAt: Date
    }

    private struct Key: Hashable {
        let name: String
        let limit: RateLimit
    }

    private let buckets = Mutex<[Key: Bucket]>([:])
    private let maximumCount: Int

    /// Keeps at most `maximumCount` buckets.
    package init(maximumCount: Int = 100_000) { self.maximumCount = maximumCount }

    /// Takes one token of `name`. Returns `nil`, or the seconds to wait if none is left.
    package func take(_ name: String, of limit: RateLimit, at now: Date) -> Int? {
        let key = Key(name: name, limit: limit)
        return buckets.withLock { buckets in
            let bucket = Self.refilled(buckets[key], key, at: now)
            if let seconds = Self.wait(for: bucket, limit) { return seconds }
            take(from: bucket, key, in: &buckets, at: now)
            return nil
        }
    }

    /// Takes one token of `name`, on credit if none is left. The debt is at most what refills in
    /// `RateLimit.longestDebt`.
    package func charge(_ name: String, of limit: RateLimit, at now: Date) {
        let key = Key(name: name, limit: limit)
        buckets.withLock { take(from: Self.refilled($0[key], key, at: now), key, in: &$0, at: now) }
    }

    private func take(from bucket: Bucket, _ key: Key, in buckets: inout [Key: Bucket], at now: Date) {
        var bucket = bucket
        bucket.tokens = max(bucket.tokens - 1, -RateLimit.longestDebt / key.limit.interval)
        if buckets[key] == nil, buckets.count >= maximumCount { forgetFull(in: &buckets, at: now) }
        buckets[key] = bucket
    }

    /// Returns what `take` would, without taking a token.
    package func wait(for name: String, of limit: RateLimit, at now: Date) -> Int? {
        let key = Key(name: name, limit: limit)
        return buckets.withLock { Self.wait(for: Self.refilled($0[key], key, at: now), limit) }
    }

    /// Returns a token that was taken for a request that turned out to be legitimate.
    package func giveBack(_ name: String, of limit: RateLimit) {
        let key = Key(name: name, limit: limit)
        buckets.withLock { buckets in
            guard var bucket = buckets[key] else { return }
            bucket.tokens = min(bucket.tokens + 1, Double(limit.burst))
            buckets[key] = bucket
        }
    }

    private static func wait(for bucket: Bucket, _ limit: RateLimit) -> Int? {
        guard bucket.tokens < 1 else { return nil }
        let seconds = (1 - bucket.tokens) / (Double(limit.perMinute) / 60)
        return max(1, Int(seconds.rounded(.up)))
    }

    private static func refilled(_ bucket: Bucket?, _ key: Key, at now: Date) -> Bucket {
        guard let bucket else { return Bucket(tokens: Double(key.limit.burst), refilledAt: now) }
        let seconds = max(0, now.timeIntervalSince(bucket.refilledAt))
        let tokens = bucket.tokens + seconds * Double(key.limit.perMinute) / 60
        return Bucket(tokens: min(tokens, Double(key.limit.burst)), refilledAt: now)
    }

    /// Makes room by discarding full buckets, which carry no information. If all are in use, which means a flood of
    /// requests, discards the fullest half.
    private func forgetFull(in buckets: inout [Key: Bucket], at now: Date) {
        buckets = buckets.filter { key, bucket in
            Self.refilled(bucket, key, at: now).tokens < Double(key.limit.burst)
        }
        guard buckets.count >= maximumCount else { return }
        let fullest = buckets.sorted { $0.value.tokens > $1.value.tokens }.prefix(maximumCount / 2)
        for (key, _) in fullest { buckets[key] = nil }
    }
}
