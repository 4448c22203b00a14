import Dispatch
import Foundation

/// What a thread of the pool works with.
package protocol PooledConnection {
    /// Called on the connection's thread before it takes work: returns when the connection can work, or never will.
    func prepare()
    func close()
}

extension PooledConnection {
    package func prepare() {}
}

/// Connections, each on a thread of its own, that take units of work from one queue: the libraries of databases block,
/// and here they block nobody else.
package final class ConnectionPool<Connection: PooledConnection & SendableMetatype, Unit: Sendable>: Sendable {
    private let queue = WorkQueue<Waiting>()
    private let threads = DispatchGroup()
    private let measurements: PoolMeasurements

    private struct Waiting: Sendable {
        let unit: Unit
        let since = ContinuousClock.now
    }

    /// `name` is for measurements.
    package init(_ name: String) { measurements = PoolMeasurements(name) }
    deinit { queue.close() }

    /// Starts a thread that runs what waits on `connection`, at most `batch` units at a time, and closes it at the end.
    package func add(
        _ connection: sending Connection, name: String, batch: Int = 1,
        run: @escaping @Sendable (Connection, [Unit]) -> Void
    ) {
        let handover = Handover(connection)
        threads.enter()
        let thread = Thread { [queue, threads, measurements] in
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
        thread.name = name
        thread.start()
    }

    /// Has the unit done that `make` gives the caller's continuation to. A task that is cancelled waits all the same:
    /// it must hear what became of its work.
    package func perform<Result: Sendable>(
        _ make: (CheckedContinuation<Result, any Error>) -> Unit
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            if !put(make(continuation)) { continuation.resume(throwing: StorageError.closed) }
        }
    }

    /// Has the unit done by the first connection that is free. Returns `false` when the pool is closed.
    package func put(_ unit: Unit) -> Bool { accepted { queue.put(Waiting(unit: unit)) } }

    /// Hands a unit to another connection, before those that came later. Returns `false` when the pool is closed.
    package func putBack(_ unit: Unit) -> Bool { accepted { queue.putBack(Waiting(unit: unit)) } }

    private func accepted(_ put: () -> Bool) -> Bool {
        // Before it is put: its connection may have it at once.
        measurements.beginWaiting()
        if put() { return true }
        measurements.stopWaiting()
        return false
    }

    /// Takes no more work, lets what was accepted finish and waits for it.
    package func close() async {
        queue.close()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// Carries a connection to the one thread that uses it.
private final class Handover<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: sending Value) { self.value = value }
}
