import CMariaDB
import Glibc
import SQLStorage

/// A connection over libmariadb. It belongs to one thread; its statements are prepared once, in the binary protocol.
@safe final class MariaDBConnection: SQLConnection {
    private let handle: UnsafeMutablePointer<MYSQL>
    private let server: MariaDBSettings.Server
    private var statements: [SQLStatement: MariaDBStatement] = [:]
    private let parameters = ParameterArena()
    /// Of no use any more: everything but `close` fails.
    private(set) var isBroken = false
    /// Rows that the unit under way changed.
    private(set) var changes = 0
    /// Whether the unit under way must not write. Outside of a transaction the server would let it.
    private var isReading = false
    /// Whether the server is a node of a cluster.
    private(set) var isReplicated = false

    /// `timeout` bounds each statement, in seconds; `nil` is for work that takes as long as it takes.
    init(_ server: MariaDBSettings.Server, _ settings: MariaDBSettings, timeout: Int?) throws {
        MariaDBLibrary.start()
        guard let handle = unsafe mysql_init(nil) else { throw StorageError.failed("memory is exhausted") }
        unsafe self.handle = handle
        self.server = server
        do {
            try unsafe MariaDBHandshake(handle: handle, server: server, settings: settings).connect(timeout: timeout)
            try setUp(timeout: timeout)
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
            // Each row of `RETURNING` is a row that was changed.
            let count = try statement.run(values, parameters) { row in
                changes += 1
                try body(row)
            }
            changes += count
        }
    }

    private static let isReadOnly = StorageError.failed("a unit of work that reads must not write")

    private func prepared(_ text: SQLStatement) throws -> MariaDBStatement {
        if let statement = statements[text] { return statement }
        let statement = try unsafe MariaDBStatement(text.text, on: handle, server: "\(server)")
        statements[text] = statement
        return statement
    }

    /// A server that says something unasked has said farewell: it restarted, or was idle for too long. Looked at before
    /// something is sent, because afterwards nobody knows whether it was done.
    func checkLife() throws {
        var socket = unsafe pollfd(fd: mysql_get_socket(handle), events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&socket, 1, 0) != 0 else { return }
        isBroken = true
        throw LostConnection(reason: "\(server): the server has closed the connection")
    }

    /// Notes when what failed is the connection itself.
    private func checked<Result>(_ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let lost as LostConnection {
            isBroken = true
            throw lost
        }
    }

    /// Runs one of the few statements that no value belongs to.
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
    private func setUp(timeout: Int?) throws {
        try run(
            """
            SET SESSION autocommit = 1, time_zone = '+00:00',
                sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
                foreign_key_checks = 1, unique_checks = 1, innodb_lock_wait_timeout = 1
            """)
        // Changes are conditional, so what a transaction has read need not be locked: gaps between rows would be, too, and
        // whoever inserts there would have to wait.
        try run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if let timeout {
            try run("SET SESSION lock_wait_timeout = 1")
            _ = try query("SET SESSION max_statement_time = ?", [.integer(timeout)])
        }
        try MariaDBRequirements.check(self)
        isReplicated = try MariaDBRequirements.isReplicated(self)
    }

    /// Runs `body` whole or not at all; not at all, too, when `mayCommit` says so at the end. Throws `LostConnection` when
    /// nothing was kept, `StorageError.uncertain` when nobody knows.
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
        // It may fail like any statement: a cluster refuses a change at the end. Nothing was kept then.
        do { try run("COMMIT") } catch is LostConnection { throw StorageError.uncertain } catch {
            rollBack()
            throw error
        }
        return result
    }

    /// Runs one statement, which the server keeps at once: one round trip.
    func single(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        changes = 0
        do { return try catchingUp(freshness) { try execute(statement, values) } } catch is LostConnection {
            throw StorageError.uncertain
        }
    }

    /// One query, in one round trip.
    func rows(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) throws -> [SQLRow] {
        isReading = true
        defer { isReading = false }
        return try catchingUp(freshness) { try query(statement, values) }
    }

    /// Runs `body` on the state of one moment. `finish` ends it, after the caller has the result.
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

    /// Undoes what is open, if anything. Should it fail, the connection is lost, and with it what was open.
    func rollBack() {
        guard !isBroken else { return }
        do { try run("ROLLBACK") } catch { isBroken = true }
    }

    private func catchingUp<Result>(_ freshness: Freshness, _ body: () throws -> Result) throws -> Result {
        guard freshness == .latest, isReplicated else { return try body() }
        // Each statement waits until this node has applied what any node acknowledged before.
        try run("SET SESSION wsrep_sync_wait = 15")
        let result = Swift.Result { try body() }
        if !isBroken { try run("SET SESSION wsrep_sync_wait = 0") }
        return try result.get()
    }
}
