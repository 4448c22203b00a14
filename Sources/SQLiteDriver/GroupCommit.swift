import SQLStorage

/// A transaction's body and its caller, who gets the result once it is certain.
protocol WriteUnit: Sendable {
    /// Runs the body and stores its result. Rethrows what the body throws.
    func run(_ connection: any SQLConnection) throws
    /// Whether the body succeeded.
    var isDone: Bool { get }
    /// Gives the caller the result that `run` stored.
    func report()
    /// Tells the caller that nothing was committed.
    func fail(_ error: any Error)
}

/// Used only by the writer's thread once taken from the queue.
final class TypedWriteUnit<Success: Sendable>: WriteUnit, @unchecked Sendable {
    private let body: @Sendable (any SQLConnection) throws -> Success
    private let continuation: CheckedContinuation<Success, any Error>
    private var outcome: Result<Success, any Error> = .failure(StorageError.closed)

    init(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Success,
        _ continuation: CheckedContinuation<Success, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func run(_ connection: any SQLConnection) throws {
        outcome = Result { try body(connection) }
        _ = try outcome.get()
    }

    var isDone: Bool { if case .success = outcome { true } else { false } }
    func report() { continuation.resume(with: outcome) }
    func fail(_ error: any Error) { continuation.resume(throwing: error) }
}

/// Commits waiting units with a single flush to disk. Each runs in its own savepoint, so that a failure does not undo
/// its neighbors. No caller gets a result before the commit is durable: even a rejection may depend on another unit's
/// changes.
struct GroupCommit {
    let connection: SQLiteConnection
    let counter: CommitCounter

    func run(_ units: [any WriteUnit]) {
        var changing = 0
        do {
            try connection.execute("BEGIN IMMEDIATE", [])
            for unit in units {
                let before = connection.changes
                try runInSavepoint(unit)
                if unit.isDone, connection.changes > before { changing += 1 }
            }
            try connection.execute("COMMIT", [])
        } catch {
            connection.rollBack()
            for unit in units { unit.fail(error) }
            return
        }
        counter.add(changing)
        for unit in units { unit.report() }
    }

    /// Throws if the transaction itself is lost.
    private func runInSavepoint(_ unit: any WriteUnit) throws {
        try connection.execute("SAVEPOINT unit", [])
        do { try unit.run(connection) } catch {
            // A full disk or a failed write may roll back the whole transaction, including the other units.
            guard connection.isInTransaction else { throw error }
            try connection.execute("ROLLBACK TO unit", [])
        }
        try connection.execute("RELEASE unit", [])
    }
}
