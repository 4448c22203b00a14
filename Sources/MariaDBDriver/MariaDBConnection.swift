import CMariaDB
import Glibc
import SQLStorage

/// A connection through libmariadb, in the binary protocol. It belongs to one thread and prepares each statement once.
@safe final class MariaDBConnection: SQLConnection {
    private let handle: UnsafeMutablePointer<MYSQL>
    private let server: MariaDBSettings.Server
    private var statements: [SQLStatement: MariaDBStatement] = [:]
    private let parameters = ParameterArena()
    /// Whether the connection is unusable. Everything but `close` then fails.
    private(set) var isBroken = false
    /// The number of rows that the current unit has changed.
    private(set) var changes = 0
    /// Whether the current unit must not write. Outside a transaction, the server does not enforce this.
    private var isReading = false
    /// Whether the server is a node of a cluster.
    private(set) var isReplicated = false

    /// `timeout` limits each statement, in seconds; `nil` means no limit.
    init(_ server: MariaDBSettings.Server, _ settings: MariaDBSettings, timeout: Int?) throws {
        MariaDBLibrary.start()
        guard let handle = unsafe mysql_init(nil) else { throw StorageError.failed("out of memory") }
        unsafe self.handle = handle
        self.server = server
        do {
            try unsafe MariaDBHandshake(handle: handle, server: server, settings: settings).connect(timeout: timeout)
            try setUp(settings, timeout: timeout)
        } catch {
            close()
            throw error
        }
    }

    @discardableResult
    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        guard !isReading else { throw Self.isReadOnly }
        let count = try checked { try prepared(statement).run(values, parameters) { _ in } }
        changes += count
        return count
    }

    func forEachRow(_ statement: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try checked {
            let statement = try prepared(statement)
            guard statement.isChange else {
                _ = try statement.run(values, parameters, body)
                return
            }
            guard !isReading else { throw Self.isReadOnly }
            // Each row of `RETURNING` is a changed row.
            let count = try statement.run(values, parameters) { row in
                changes += 1
                try body(row)
            }
            changes += count
        }
    }

    private static let isReadOnly = StorageError.failed("a read-only unit of work tried to write")

    private func prepared(_ text: SQLStatement) throws -> MariaDBStatement {
        if let statement = statements[text] { return statement }
        let statement = try unsafe MariaDBStatement(text.text, on: handle, server: "\(server)")
        statements[text] = statement
        return statement
    }

    /// Throws `LostConnection` if the server has closed the connection. A server sends unsolicited data only when it
    /// closes: it restarted, or the connection was idle for too long. Checked before sending, because afterward the
    /// outcome would be unknown.
    func checkLife() throws {
        var socket = unsafe pollfd(fd: mysql_get_socket(handle), events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&socket, 1, 0) != 0 else { return }
        isBroken = true
        throw LostConnection(reason: "\(server): the server closed the connection")
    }

    /// Marks the connection as broken if `work` throws `LostConnection`.
    private func checked<Result>(_ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let lost as LostConnection {
            isBroken = true
            throw lost
        }
    }

    /// Runs a statement that takes no values.
    private func run(_ text: StaticString) throws {
        try checked {
            let text = text.description
            guard unsafe mysql_real_query(handle, text, UInt(text.utf8.count)) == 0 else {
                throw unsafe MariaDBError.error(
                    mysql_errno(handle), String(cString: mysql_error(handle)), server: "\(server)")
            }
        }
    }

    func close() {
        for statement in statements.values { statement.close() }
        statements = [:]
        unsafe mysql_close(handle)
    }
}

extension MariaDBConnection {
    private func setUp(_ settings: MariaDBSettings, timeout: Int?) throws {
        try run(
            """
            SET SESSION autocommit = 1, time_zone = '+00:00',
                sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
                foreign_key_checks = 1, unique_checks = 1, innodb_lock_wait_timeout = 1
            """)
        // Changes are conditional, so reads need no locks. A stricter level would also lock the gaps between rows and
        // make inserts wait.
        try run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if let timeout {
            try run("SET SESSION lock_wait_timeout = 1")
            _ = try query("SET SESSION max_statement_time = ?", [.integer(timeout)])
        }
        // Also applies to statements outside a transaction.
        if settings.isReadOnly { try run("SET SESSION TRANSACTION READ ONLY") }
        try MariaDBRequirements.check(self)
        isReplicated = try MariaDBRequirements.isReplicated(self)
    }

    /// Runs `body` atomically, and rolls back if `mayCommit` returns `false`. Throws `LostConnection` if nothing was
    /// committed, and `StorageError.uncertain` if the outcome is unknown.
    func transaction<Result>(
        _ freshness: Freshness, mayCommit: () -> Bool = { true }, _ body: (any SQLConnection) throws -> Result
    ) throws -> Result {
        changes = 0
        let result: Result
        do {
            result = try catchingUp(freshness) {
                try run("START TRANSACTION")
                return try body(self)
            }
            guard mayCommit() else { throw StorageError.slow }
        } catch {
            rollBack()
            throw error
        }
        // A commit may fail like any statement, as when a cluster rejects a conflicting change. Nothing is committed
        // then.
        do { try run("COMMIT") } catch is LostConnection { throw StorageError.uncertain } catch {
            rollBack()
            throw error
        }
        return result
    }

    /// Runs one statement in one round trip. The server commits it immediately.
    func single(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        changes = 0
        do { return try catchingUp(freshness) { try execute(statement, values) } } catch is LostConnection {
            throw StorageError.uncertain
        }
    }

    /// Runs one query in one round trip.
    func rows(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) throws -> [SQLRow] {
        isReading = true
        defer { isReading = false }
        return try catchingUp(freshness) { try query(statement, values) }
    }

    /// Runs `body` on a snapshot. `finish` ends the transaction once the caller has the result.
    func snapshot<Result>(_ freshness: Freshness, _ body: (any SQLConnection) throws -> Result) throws -> Result {
        isReading = true
        defer { isReading = false }
        do {
            return try catchingUp(freshness) {
                try run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                try run("START TRANSACTION READ ONLY")
                return try body(self)
            }
        } catch {
            rollBack()
            throw error
        }
    }

    func finish() { rollBack() }

    /// Rolls back the open transaction, if any. If that fails, the connection is lost, and the server rolls back.
    func rollBack() {
        guard !isBroken else { return }
        do { try run("ROLLBACK") } catch { isBroken = true }
    }

    private func catchingUp<Result>(_ freshness: Freshness, _ body: () throws -> Result) throws -> Result {
        guard freshness == .latest, isReplicated else { return try body() }
        // Makes each statement wait until this node has applied everything that any node acknowledged earlier.
        try run("SET SESSION wsrep_sync_wait = 15")
        let result = Swift.Result { try body() }
        if !isBroken { try run("SET SESSION wsrep_sync_wait = 0") }
        return try result.get()
    }
}
