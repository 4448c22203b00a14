import Metrics
import FoundationEssentials
import Synchronization

/// A read-through cache with a short lifetime.
final class Cache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let expiresAt: Date
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Increases when the cache is cleared. A value that was being read at that time may be stale and isn't stored.
        var epoch = 0
    }

    private let state = Mutex(State())
    private let lifetime: TimeInterval
    private let maximumCount: Int
    private let now: @Sendable () -> Date
    private let measurements: CacheMeasurements

    /// `name` labels the metrics. `lifetime`, in seconds, bounds how long a node that missed a change uses stale
    /// values.
    init(_ name: String, lifetime: TimeInterval = 30, maximumCount: Int = 10_000, now: @escaping @Sendable () -> Date) {
        self.lifetime = lifetime
        self.maximumCount = maximumCount
        self.now = now
        measurements = CacheMeasurements(name)
    }

    /// Returns the cached value, or calls `read` and caches its result. Errors aren't cached.
    func value(_ key: Key, read: () async throws -> Value) async throws -> Value {
        let moment = now()
        let (cached, epoch) = state.withLock { ($0.entries[key], $0.epoch) }
        if let cached, cached.expiresAt > moment {
            measurements.hits.increment()
            return cached.value
        }
        measurements.misses.increment()
        let value = try await read()
        state.withLock { state in
            guard state.epoch == epoch else { return }
            if state.entries.count >= maximumCount { state.entries.removeAll(keepingCapacity: true) }
            state.entries[key] = Entry(value: value, expiresAt: moment.addingTimeInterval(lifetime))
        }
        return value
    }

    func clear() {
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.epoch += 1
        }
    }
}
