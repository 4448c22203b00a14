import SQLStorage
import Synchronization

/// One unit of work in progress. Its caller gets exactly one result, from the thread that ran the unit or, after the
/// deadline, from `MariaDBDeadlines`.
protocol MariaDBUnit: AnyObject, Sendable {
    var deadline: ContinuousClock.Instant { get }
    /// Counts one more conflict with another transaction, and returns the total.
    func noteConflict() -> Int
    /// Whether the caller is still waiting.
    var isAwaited: Bool { get }
    /// Runs the unit and gives its caller the result, after calling `noteChange` if a change was committed. Throws what
    /// the connection or the body throws; the caller has no result then.
    func run(_ connection: MariaDBConnection, noteChange: () -> Void) throws
    func fail(_ error: any Error)
    /// Fails the unit because its deadline has passed. `outage` is the cause, if known. No commit starts after this.
    func expire(_ outage: StorageError?)
}

final class TypedMariaDBUnit<Success: Sendable>: MariaDBUnit {
    /// The work to run on the connection.
    enum Work: Sendable {
        case read(Freshness, @Sendable (any SQLConnection) throws -> Success)
        case write(Freshness, @Sendable (any SQLConnection) throws -> Success)
        /// One query outside a transaction; `execute` is the same for a change.
        case query(@Sendable (MariaDBConnection) throws -> Success)
        case execute(@Sendable (MariaDBConnection) throws -> Success)
    }

    /// Whether the caller is waiting, and whether the server may have been told to commit.
    private enum Stage {
        case working(CheckedContinuation<Success, any Error>)
        case committing(CheckedContinuation<Success, any Error>)
        case settled

        var waiting: CheckedContinuation<Success, any Error>? {
            switch self {
            case .working(let continuation), .committing(let continuation): continuation
            case .settled: nil
            }
        }
    }

    let deadline: ContinuousClock.Instant
    private let work: Work
    private let stage: Mutex<Stage>
    private let conflicts = Atomic(0)

    init(
        _ work: Work, deadline: ContinuousClock.Instant, _ continuation: CheckedContinuation<Success, any Error>
    ) {
        self.work = work
        self.deadline = deadline
        stage = Mutex(.working(continuation))
    }

    func noteConflict() -> Int { conflicts.add(1, ordering: .relaxed).newValue }
    var isAwaited: Bool { stage.withLock { $0.waiting != nil } }

    func run(_ connection: MariaDBConnection, noteChange: () -> Void) throws {
        switch work {
        case .query(let body): settle(.success(try body(connection)))
        case .execute(let body):
            guard beginCommit() else { return }
            let result = try body(connection)
            if connection.changes > 0 { noteChange() }
            settle(.success(result))
        case .read(let freshness, let body):
            settle(.success(try connection.snapshot(freshness, body)))
            // Done last, because the caller need not wait for the end of a transaction that changed nothing.
            connection.finish()
        case .write(let freshness, let body):
            let result = try connection.transaction(freshness, mayCommit: beginCommit, body)
            if connection.changes > 0 { noteChange() }
            settle(.success(result))
        }
    }

    private func beginCommit() -> Bool {
        stage.withLock { stage in
            guard let continuation = stage.waiting else { return false }
            stage = .committing(continuation)
            return true
        }
    }

    func fail(_ error: any Error) { settle(.failure(error)) }

    func expire(_ outage: StorageError?) {
        let (waiting, error) = stage.withLock { stage -> (CheckedContinuation<Success, any Error>?, StorageError) in
            defer { stage = .settled }
            if case .committing(let continuation) = stage { return (continuation, .uncertain) }
            return (stage.waiting, outage ?? .slow)
        }
        waiting?.resume(throwing: error)
    }

    private func settle(_ result: Result<Success, any Error>) {
        let waiting = stage.withLock { stage in
            defer { stage = .settled }
            return stage.waiting
        }
        waiting?.resume(with: result)
    }
}
