import Metrics

/// The metrics of one connection pool (OpenTelemetry semantic conventions for database client metrics).
struct PoolMeasurements: Sendable {
    private let connections: Meter
    private let used: Meter
    private let pending: Meter
    private let waitTime: Timer
    private let useTime: Timer

    init(_ pool: String) {
        let dimensions = [("db.client.connection.pool.name", pool)]
        connections = Meter(label: "db.client.connection.max", dimensions: dimensions)
        // The conventions use `db.client.connection.count` with a state, but Prometheus reserves names that end in
        // `_count` for histograms.
        used = Meter(label: "db.client.connection.used", dimensions: dimensions)
        pending = Meter(label: "db.client.connection.pending_requests", dimensions: dimensions)
        waitTime = Timer(label: "db.client.connection.wait_time", dimensions: dimensions)
        useTime = Timer(label: "db.client.connection.use_time", dimensions: dimensions)
    }

    func addConnection() { connections.increment() }
    func removeConnection() { connections.decrement() }
    func beginWaiting() { pending.increment() }
    func stopWaiting() { pending.decrement() }

    /// Records that a unit queued at `start` got a connection.
    func endWaiting(since start: ContinuousClock.Instant, at now: ContinuousClock.Instant) {
        pending.decrement()
        waitTime.recordNanoseconds((now - start).nanoseconds)
    }

    func using(_ work: () -> Void) {
        used.increment()
        let start = ContinuousClock.now
        work()
        useTime.recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        used.decrement()
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
