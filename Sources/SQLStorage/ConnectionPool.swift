import Dispatch

/// A connection that a thread of the pool works with.
package protocol PooledConnection {
    /// Called on the connection's thread before it takes work. Returns once the connection is usable or never will be.
    func prepare()
    func close()
}

extension PooledConnection {
    package func prepare() {}
}

/// Connections, each on its own thread, that take units of work from one queue. Database libraries block, and a
/// dedicated thread keeps a blocked connection from holding up anything else.
package final class ConnectionPool<Connection: PooledConnection & SendableMetatype, Unit: Sendable>: Sendable {
    private let queue = WorkQueue<Waiting>()
    private let threads = DispatchGroup()
    private let measurements: PoolMeasurements

    private struct Waiting: Sendable {
        let unit: Unit
        let since = ContinuousClock.now
    }

    /// `name` labels the pool's metrics.
    package init(_ name: String) { measurements = PoolMeasurements(name) }
    deinit { queue.close() }

    /// Starts a thread that runs queued units on `connection`, at most `batch` at a time, and closes the connection
    /// when the pool is closed and the queue is empty.
    package func add(
        _ connection: sending Connection, name: String, batch: Int = 1,
        run: @escaping @Sendable (Connection, [Unit]) -> Void
    ) {
        let handover = Handover(connection)
        threads.enter()
        BlockingThread.startRequired(name) { [queue, threads, measurements] in
            measurements.addConnection()
            while true {
                handover.value.prepare()
                let waiting = queue.take(batch)
                guard !waiting.isEmpty else { break }
                let now = ContinuousClock.now
                for unit in waiting { measurements.endWaiting(since: unit.since, at: now) }
                measurements.using { run(handover.value, waiting.map(\.unit)) }
            }
            measurements.removeConnection()
            handover.value.close()
            threads.leave()
        }
    }

    /// Queues the unit that `make` creates from the caller's continuation, and waits for its result. Cancellation does
    /// not end the wait: the caller must learn the outcome of its work. Throws `StorageError.closed` if the pool is
    /// closed.
    package func perform<Result: Sendable>(
        _ make: (CheckedContinuation<Result, any Error>) -> Unit
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            if !put(make(continuation)) { continuation.resume(throwing: StorageError.closed) }
        }
    }

    /// Queues a unit for the first free connection. Returns `false` if the pool is closed.
    package func put(_ unit: Unit) -> Bool { accepted { queue.put(Waiting(unit: unit)) } }

    /// Returns a unit to the front of the queue for another connection. Returns `false` if the pool is closed.
    package func putBack(_ unit: Unit) -> Bool { accepted { queue.putBack(Waiting(unit: unit)) } }

    private func accepted(_ put: () -> Bool) -> Bool {
        // Counted before it is queued, because a connection may take it immediately.
        measurements.beginWaiting()
        if put() { return true }
        measurements.stopWaiting()
        return false
    }

    /// Stops accepting work and waits for accepted units to finish.
    package func close() async {
        queue.close()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// Transfers a connection to the one thread that uses it.
private final class Handover<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: sending Value) { self.value = value }
}
