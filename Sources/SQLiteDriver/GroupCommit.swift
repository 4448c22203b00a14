import SQLStorage

/// A transaction's body, and its caller, who hears of it when it is durable.
protocol WriteUnit: Sendable {
    /// Runs the body and keeps its result. Throws what the body throws.
    func run(_ connection: any SQLConnection) throws
    func succeed()
    func fail(_ error: any Error)
}

/// Used by the writer's thread alone, once it left the queue.
final class TypedWriteUnit<Result: Sendable>: WriteUnit, @unchecked Sendable {
    private let body: @Sendable (any SQLConnection) throws -> Result
    private let continuation: CheckedContinuation<Result, any Error>
    private var result: Result?

    init(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result,
        _ continuation: CheckedContinuation<Result, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func run(_ connection: any SQLConnection) throws { result = try body(connection) }

    func succeed() {
        if let result { continuation.resume(returning: result) }
    }

    func fail(_ error: any Error) { continuation.resume(throwing: error) }
}

/// Commits waiting units with one flush to the disk: each in its own savepoint, so that one that fails does not undo
/// its neighbours. Nobody is told of success before the commit is durable.
struct GroupCommit {
    let connection: SQLiteConnection
    let counter: CommitCounter

    func run(_ units: [any WriteUnit]) {
        do {
            _ = try connection.execute("BEGIN IMMEDIATE", [])
        } catch {
            for unit in units { unit.fail(error) }
            return
        }
        var done: [any WriteUnit] = []
        for (index, unit) in units.enumerated() {
            do {
                try runInSavepoint(unit)
                done.append(unit)
            } catch {
                unit.fail(error)
                // A full disk or a failed write undoes the whole transaction: nobody's work is in it any more.
                guard connection.isInTransaction else {
                    for lost in done + units[(index + 1)...] { lost.fail(error) }
                    return
                }
            }
        }
        do {
            _ = try connection.execute("COMMIT", [])
        } catch {
            _ = try? connection.execute("ROLLBACK", [])
            for unit in done { unit.fail(error) }
            return
        }
        counter.add(done.count)
        for unit in done { unit.succeed() }
    }

    private func runInSavepoint(_ unit: any WriteUnit) throws {
        _ = try connection.execute("SAVEPOINT unit", [])
        do {
            try unit.run(connection)
        } catch {
            if connection.isInTransaction {
                _ = try connection.execute("ROLLBACK TO unit", [])
                _ = try connection.execute("RELEASE unit", [])
            }
            throw error
        }
        _ = try connection.execute("RELEASE unit", [])
    }
}
