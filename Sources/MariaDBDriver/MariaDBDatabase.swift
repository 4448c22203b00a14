import Glibc
package import SQLStorage
import Synchronization

/// A database on a MariaDB server or Galera cluster, with a fixed number of connections, each on its own thread.
package final class MariaDBDatabase: SQLDatabase {
    package let dialect = SQLDialect.mariaDB
    private let settings: MariaDBSettings
    private let pool = ConnectionPool<MariaDBLink, any MariaDBUnit>("mariadb")
    private let outage: MariaDBOutage
    private let deadlines: MariaDBDeadlines
    private let commits = Atomic(0)

    /// The maximum number of times that a conflicting unit runs.
    static let attempts = 5
    /// How long requests wait for a connection during an outage. After that, new requests fail immediately.
    private static let patience = Duration.seconds(1)

    /// Connects in the background. Until a connection succeeds, work waits for as long as a request may. With
    /// `.reading`, the server refuses every change.
    package init(_ settings: MariaDBSettings, for access: StorageAccess = .creating) {
        var settings = settings
        settings.isReadOnly = access == .reading
        self.settings = settings
        let outage = MariaDBOutage()
        self.outage = outage
        deadlines = MariaDBDeadlines(outage)
        for number in 1...settings.connections {
            pool.add(MariaDBLink(settings, outage), name: "mariadb \(number)") { [weak self] link, units in
                for unit in units { self?.perform(unit, on: link) }
            }
        }
    }

    deinit { outage.close() }

    package var committedUnits: Int { commits.load(ordering: .relaxed) }
    package var mayLag: Bool { outage.mayLag }

    package func execute(
        _ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]
    ) async throws -> Int {
        try await submit(.execute { try $0.single(freshness, statement, values) })
    }

    package func query(
        _ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]
    ) async throws -> [SQLRow] {
        try await submit(.query { try $0.rows(freshness, statement, values) })
    }

    package func transaction<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await submit(.write(freshness, body))
    }

    package func read<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await submit(.read(freshness, body))
    }

    private func submit<Result: Sendable>(_ work: TypedMariaDBUnit<Result>.Work) async throws -> Result {
        if let refusal = outage.refusal(after: Self.patience) { throw refusal }
        let deadline = ContinuousClock.now + .seconds(settings.timeout)
        return try await withCheckedThrowingContinuation { continuation in
            let unit = TypedMariaDBUnit(work, deadline: deadline, continuation)
            deadlines.watch(unit)
            if !pool.put(unit) {
                unit.fail(StorageError.closed)
                deadlines.forget(unit)
            }
        }
    }

    /// Runs a unit on the link's thread, with retries on conflicts, until its caller has a result.
    private func perform(_ unit: any MariaDBUnit, on link: MariaDBLink) {
        while unit.isAwaited {
            do {
                try link.withConnection { connection in
                    try unit.run(connection) { commits.add(1, ordering: .relaxed) }
                }
            } catch is Conflict {
                let count = unit.noteConflict()
                guard count < Self.attempts else {
                    unit.fail(StorageError.busy)
                    break
                }
                // A random pause keeps the two transactions from colliding again.
                _ = outage.wait(milliseconds: .random(in: 1...(4 << count)))
            } catch let lost as LostConnection {
                // Nothing was committed, so another connection can run the unit if one is free before the deadline.
                if pool.putBack(unit) { return }
                unit.fail(StorageError.unreachable(lost.reason))
            } catch {
                unit.fail(error)
            }
        }
        deadlines.forget(unit)
    }

    package func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await alone { connection in try connection.snapshot(.latest, body) }
    }

    package func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await alone { connection in
            try MaintenanceLock(connection).hold { try connection.transaction(.latest, body) }
        }
    }

    /// Runs long work on its own connection and thread.
    private func alone<Result: Sendable>(
        _ work: @escaping @Sendable (MariaDBConnection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try BlockingThread.start("mariadb maintenance") { [settings, outage] in
                    continuation.resume(
                        with: Swift.Result { try Self.connected(settings, first: outage.first, work) })
                }
            } catch { continuation.resume(throwing: error) }
        }
    }

    private static func connected<Result>(
        _ settings: MariaDBSettings, first: Int, _ work: (MariaDBConnection) throws -> Result
    ) throws -> Result {
        var failure: any Error = StorageError.closed
        for offset in settings.servers.indices {
            let server = settings.servers[(first + offset) % settings.servers.count]
            do {
                let connection = try MariaDBConnection(server, settings, timeout: nil)
                defer { connection.close() }
                do { return try retried { try work(connection) } } catch is LostConnection {
                    throw StorageError.uncertain
                }
            } catch let lost as LostConnection { failure = StorageError.unreachable(lost.reason) }
        }
        throw failure
    }

    /// Retries on conflicts. If two nodes of a cluster change the schema at the same time, one is rejected and then
    /// finds the change already made.
    private static func retried<Result>(_ work: () throws -> Result) throws -> Result {
        for attempt in 1..<attempts {
            do { return try work() } catch is Conflict {
                usleep(.random(in: 10_000...50_000) << attempt)
            }
        }
        do { return try work() } catch is Conflict { throw StorageError.busy }
    }

    package func close() async {
        // Releases threads that wait for a server. Accepted work finishes if it has a connection.
        outage.close()
        await pool.close()
    }
}
