import Foundation
package import SQLStorage
import Synchronization

/// An SQLite file: one writer that commits waiting units together, several readers beside it (WAL).
package final class SQLiteDatabase: SQLDatabase {
    package let dialect = SQLDialect.sqlite
    private let writes = WorkQueue<any WriteUnit>()
    private let reads = WorkQueue<ReadUnit>()
    private let threads: DispatchGroup = DispatchGroup()
    private let commits: CommitCounter

    /// Opens or creates the file, readable by this user alone. Throws a `StorageError` that says what to do.
    package init(path: String, readers: Int = 2) throws(StorageError) {
        // SQLite gives its other files the mode of the first.
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw .cannotOpen(path) }
        }
        guard FileManager.default.isWritableFile(atPath: path) else { throw .readOnly(path) }
        commits = CommitCounter()
        let writer = try SQLiteConnection(path: path)
        start("martlet.sqlite.writer", writer) { [writes, commits] connection in
            let group = GroupCommit(connection: connection, counter: commits)
            while case let units = writes.take(64), !units.isEmpty { group.run(units) }
        }
        for _ in 0..<readers {
            start("martlet.sqlite.reader", try SQLiteConnection(path: path)) { [reads] connection in
                while case let units = reads.take(1), !units.isEmpty {
                    for unit in units { unit.body(connection) }
                }
            }
        }
    }

    /// How many units of work were committed: budgets are counted with it.
    package var committedUnits: Int { commits.value }

    package func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            if !writes.put(TypedWriteUnit(body, continuation)) { continuation.resume(throwing: StorageError.closed) }
        }
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let unit = ReadUnit { connection in
                continuation.resume(with: Swift.Result { try body(connection) })
            }
            if !reads.put(unit) { continuation.resume(throwing: StorageError.closed) }
        }
    }

    package func close() async {
        writes.close()
        reads.close()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
    }

    /// Gives `connection` to a thread of its own, which closes it at the end.
    private func start(
        _ name: String, _ connection: sending SQLiteConnection, _ loop: @escaping @Sendable (SQLiteConnection) -> Void
    ) {
        let owned = Handover(connection)
        threads.enter()
        let thread = Thread { [threads] in
            let connection = owned.take()
            loop(connection)
            connection.close()
            threads.leave()
        }
        thread.name = name
        thread.start()
    }
}

/// A read and the caller that waits for it.
private struct ReadUnit: Sendable {
    let body: @Sendable (SQLiteConnection) -> Void
}

/// Carries a value that only one thread at a time may have to the thread that will.
private final class Handover<Value>: @unchecked Sendable {
    private let value: Value
    init(_ value: sending Value) { self.value = value }
    func take() -> Value { value }
}

/// Counts committed units.
final class CommitCounter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add(_ units: Int) { count.add(units, ordering: .relaxed) }
}
