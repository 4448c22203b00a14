import SQLStorage
import Synchronization

/// One unit of work on its way: its caller hears exactly once, from the thread that ran it or, when time is over, from
/// `MariaDBDeadlines`.
protocol MariaDBUnit: AnyObject, Sendable {
    var deadline: ContinuousClock.Instant { get }
    /// Counts the attempts that another transaction was in the way of.
    func noteConflict() -> Int
    /// Whether the caller still waits.
    var isAwaited: Bool { get }
    /// Runs the unit and tells its caller, after `noteChange` when something was changed and committed. Throws what the
    /// connection or the body threw; the caller has not heard then.
    func run(_ connection: MariaDBConnection, noteChange: () -> Void) throws
    func fail(_ error: any Error)
}

final class TypedMariaDBUnit<Success: Sendable>: MariaDBUnit {
    enum Kind { case read, write }

    let deadline: ContinuousClock.Instant
    private let kind: Kind
    private let freshness: Freshness
    private let body: @Sendable (any SQLConnection) throws -> Success
    private let continuation: Mutex<CheckedContinuation<Success, any Error>?>
    private let conflicts = Atomic(0)

    init(
        _ kind: Kind, _ freshness: Freshness, deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Success,
        _ continuation: CheckedContinuation<Success, any Error>
    ) {
        self.kind = kind
        self.freshness = freshness
        self.deadline = deadline
        self.body = body
        self.continuation = Mutex(continuation)
    }

    func noteConflict() -> Int { conflicts.add(1, ordering: .relaxed).newValue }
    var isAwaited: Bool { continuation.withLock { $0 != nil } }

    func run(_ connection: MariaDBConnection, noteChange: () -> Void) throws {
        switch kind {
        case .read:
            settle(.success(try connection.snapshot(freshness, body)))
            // Only now: the caller need not wait for the end of a transaction that changed nothing.
            connection.finish()
        case .write:
            let result = try connection.transaction(freshness, body)
            if connection.changes > 0 { noteChange() }
            settle(.success(result))
        }
    }

    func fail(_ error: any Error) { settle(.failure(error)) }

    private func settle(_ result: Result<Success, any Error>) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(with: result)
    }
}
