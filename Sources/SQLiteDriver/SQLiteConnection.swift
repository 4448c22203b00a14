import CSQLite
import SQLStorage

/// A connection through libsqlite3. It belongs to one thread and prepares each statement once.
@safe final class SQLiteConnection: SQLConnection {
    private let handle: OpaquePointer
    private let path: String
    private var statements: [SQLStatement: OpaquePointer] = unsafe [:]

    private let leavesFileUnchanged: Bool

    /// Opens the file with durable commits, or read-only if `isReader`. With `leavesFileUnchanged`, keeps the journal
    /// mode of a file that Martlet has not used yet.
    init(
        path: String, isReader: Bool = false, leavesFileUnchanged: Bool = false, patience: Duration
    ) throws(StorageError) {
        // Read-write even for readers: SQLite deletes the write-ahead log's files when the last connection closes, but
        // a read-only connection would leave them behind.
        var handle: OpaquePointer? = nil
        let status = unsafe sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard status == SQLITE_OK, let handle = unsafe handle else {
            unsafe sqlite3_close_v2(handle)
            throw SQLiteError.storageError(status, "the file cannot be opened", path: path)
        }
        unsafe self.handle = handle
        self.path = path
        self.leavesFileUnchanged = leavesFileUnchanged
        unsafe sqlite3_extended_result_codes(handle, 1)
        unsafe sqlite3_busy_timeout(handle, Int32(patience / .milliseconds(1)))
        do { try configure(isReader: isReader, before: .now + patience) } catch {
            close()
            throw error as? StorageError ?? .failed("\(error)")
        }
    }

    /// Retries until `deadline`. Programs that open a new file at the same time collide when they change its journal
    /// mode, where SQLite ignores the busy timeout because waiting could deadlock.
    private func configure(isReader: Bool, before deadline: ContinuousClock.Instant) throws {
        while true {
            do { return try configure(isReader: isReader) } catch StorageError.busy where .now < deadline {
                sqlite3_sleep(Self.pause)
            }
        }
    }

    /// Milliseconds between attempts.
    private static let pause: Int32 = 5

    /// Makes commits survive a power failure. Settings are read back, because SQLite does not report one that it cannot
    /// apply.
    private func configure(isReader: Bool) throws {
        // SQLite silently opens a file read-only if it may not write to it.
        guard unsafe sqlite3_db_readonly(handle, "main") == 0 else { throw StorageError.readOnly(path) }
        if !leavesFileUnchanged { try turnOnWriteAheadLog() }
        for setting in Self.settings { try execute(setting, []) }
        guard try query("PRAGMA synchronous", []).first?.integer(0) == 2 else {
            throw StorageError.failed("commits would not be durable, because PRAGMA synchronous = FULL has no effect")
        }
        guard try query("PRAGMA foreign_keys", []).first?.integer(0) == 1 else {
            throw StorageError.failed("libsqlite3 was built without foreign key support")
        }
        if isReader { try execute("PRAGMA query_only = ON", []) }
    }

    private func turnOnWriteAheadLog() throws {
        guard try query("PRAGMA journal_mode = WAL", []).first?.text(0) == "wal" else {
            throw StorageError.failed("the file system of \(path) does not support write-ahead logging")
        }
    }

    private static let settings: [SQLStatement] = [
        "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
        // Keeps a schema that was tampered with from calling functions with side effects.
        "PRAGMA trusted_schema = OFF",
    ]

    @discardableResult
    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int {
        try forEachRow(statement, values) { _ in }
        return unsafe Int(sqlite3_changes(handle))
    }

    func forEachRow(_ text: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        let statement = try unsafe prepared(text)
        defer {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }
        // SQLite would bind NULL in place of a missing value.
        guard unsafe Int(sqlite3_bind_parameter_count(statement)) == values.count else {
            throw RefusedStatement("the statement does not take \(values.count) values")
        }
        for (index, value) in values.enumerated() { try unsafe bind(value, at: Int32(index + 1), of: statement) }
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW: try body(unsafe Self.row(statement))
            case SQLITE_DONE: return
            case let code: throw error(code)
            }
        }
    }

    private func prepared(_ text: SQLStatement) throws -> OpaquePointer {
        if let statement = unsafe statements[text] { return unsafe statement }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            handle, text.text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement = unsafe statement else { throw error(code) }
        unsafe statements[text] = statement
        return unsafe statement
    }

    private func bind(_ value: SQLValue, at index: Int32, of statement: OpaquePointer) throws {
        let code =
            switch value {
            case .null: unsafe sqlite3_bind_null(statement, index)
            case .integer(let number): unsafe sqlite3_bind_int64(statement, index, Int64(number))
            case .text(let text):
                unsafe sqlite3_bind_text(statement, index, text, Int32(text.utf8.count), Self.transient)
            case .blob(let bytes):
                // A null pointer would bind NULL.
                bytes.isEmpty
                    ? unsafe sqlite3_bind_zeroblob(statement, index, 0)
                    : unsafe sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), Self.transient)
            }
        guard code == SQLITE_OK else { throw error(code) }
    }

    private static func row(_ statement: OpaquePointer) -> SQLRow {
        let count = unsafe sqlite3_column_count(statement)
        return SQLRow((0..<count).map { unsafe value(statement, $0) })
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return unsafe .integer(Int(sqlite3_column_int64(statement, column)))
        case SQLITE_TEXT:
            guard let text = unsafe sqlite3_column_text(statement, column) else { return .null }
            let count = unsafe Int(sqlite3_column_bytes(statement, column))
            return .text(unsafe String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let count = unsafe Int(sqlite3_column_bytes(statement, column))
            guard count > 0, let bytes = unsafe sqlite3_column_blob(statement, column) else { return .blob([]) }
            return .blob(unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        default: return .null
        }
    }

    /// SQLITE_TRANSIENT, a macro that Swift cannot import. It makes SQLite copy the bytes.
    private static var transient: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    private func error(_ code: Int32) -> any Error {
        SQLiteError.error(code, unsafe String(cString: sqlite3_errmsg(handle)), path: path)
    }

    func close() {
        unsafe statements.values.forEach { unsafe sqlite3_finalize($0) }
        unsafe statements = [:]
        unsafe sqlite3_close_v2(handle)
    }
}

extension SQLiteConnection {
    /// The number of rows changed since the connection was opened.
    var changes: Int { unsafe Int(sqlite3_total_changes64(handle)) }

    /// Whether a transaction is open. Some errors end it implicitly.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Rolls back the open transaction, if any.
    func rollBack() {
        // If this fails, the next transaction cannot begin, and that is reported.
        if isInTransaction { _ = try? execute("ROLLBACK", []) }
    }

    /// Runs `body` on a snapshot that concurrent commits don't affect.
    func snapshot<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        try execute("BEGIN", [])
        defer { rollBack() }
        return try body(self)
    }
}
