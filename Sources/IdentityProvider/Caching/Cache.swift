import Metrics
import FoundationEssentials
import Synchronization

/// Values read before, for a short while: reading through it is the only way to fill it.
final class Cache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let expiresAt: Date
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Counts how often the cache was emptied: what was read before that must not be kept after it.
        var epoch = 0
    }

    private let state = Mutex(State())
    private let lifetime: TimeInterval
    private let maximumCount: Int
    private let now: @Sendable () -> Date
    private let measurements: CacheMeasurements

    /// `name` is for measurements. `lifetime` in seconds bounds what a node that lost touch with the storage may still
    /// believe.
    init(_ name: String, lifetime: TimeInterval = 30, maximumCount: Int = 10_000, now: @escaping @Sendable () -> Date) {
        self.lifetime = lifetime
        self.maximumCount = maximumCount
        self.now = now
        measurements = CacheMeasurements(name)
    }

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
