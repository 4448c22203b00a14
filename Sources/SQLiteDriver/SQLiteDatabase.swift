package import SQLStorage
import Synchronization

/// An SQLite file with one writer, which commits waiting units together, and several readers beside it (WAL).
package final class SQLiteDatabase: SQLDatabase {
    package let dialect = SQLDialect.sqlite
    private let writer = ConnectionPool<SQLiteConnection, any WriteUnit>("sqlite writer")
    private let readers = ConnectionPool<SQLiteConnection, ReadUnit>("sqlite readers")
    private let commits = CommitCounter()

    private let maintenancePatience: Duration

    /// The most units that one commit makes durable. With more, the first would wait too long for the last.
    private static let batch = 64

    /// Opens the file. If `access` is `.creating`, creates it unless it exists, with access for this user alone.
    /// `patience` is how long to wait for another program's lock, and `maintenancePatience` is the same for `maintain`.
    /// Throws a `StorageError` that says what to do.
    package init(
        path: String, for access: StorageAccess = .creating, readers count: Int = 2, patience: Duration = .seconds(5),
        maintenancePatience: Duration = .seconds(60)
    ) throws(StorageError) {
        self.maintenancePatience = maintenancePatience
        switch access {
        case .creating: try SQLiteFile.makeIfAbsent(path)
        case .reading, .recordedReading, .changing: try SQLiteFile.require(path)
        }
        let isUnchanged = access == .reading
        let connection = try SQLiteConnection(
            path: path, isReader: isUnchanged, leavesFileUnchanged: isUnchanged, patience: patience)
        writer.add(connection, name: "sqlite writer", batch: Self.batch) { [commits] connection, units in
            GroupCommit(connection: connection, counter: commits).run(units)
        }
        for _ in 0..<count {
            let connection = try SQLiteConnection(
                path: path, isReader: true, leavesFileUnchanged: isUnchanged, patience: patience)
            readers.add(connection, name: "sqlite reader") { connection, units in
                for unit in units { unit.run(connection) }
            }
        }
    }

    /// Throws `StorageError.missing` if the file does not exist.
    package static func requireFile(_ path: String) throws(StorageError) { try SQLiteFile.require(path) }

    /// A single file has no other nodes to lag behind.
    package let mayLag = false
    package var committedUnits: Int { commits.value }

    package func transaction<Result: Sendable>(
        _: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await writer.perform { TypedWriteUnit(body, $0) }
    }

    package func read<Result: Sendable>(
        _: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await readers.perform { continuation in
            ReadUnit { connection in
                continuation.resume(with: Swift.Result { try connection.snapshot(body) })
            }
        }
    }

    package func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await read(body)
    }

    package func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        // Another program may be doing maintenance for longer than a request may wait. Each attempt waits for the lock.
        let deadline = ContinuousClock.now + maintenancePatience
        while true {
            do { return try await transaction(body) } catch StorageError.busy where .now < deadline {}
        }
    }

    package func close() async {
        // The writer closes last, because it moves the write-ahead log into the file.
        await readers.close()
        await writer.close()
    }
}

/// A read that resumes its waiting caller.
private struct ReadUnit: Sendable {
    let run: @Sendable (SQLiteConnection) -> Void
}

/// The number of committed units that changed something.
final class CommitCounter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add(_ units: Int) { count.add(units, ordering: .relaxed) }
}
