import CSQLite
import SQLStorage

/// A connection over libsqlite3. It belongs to one thread; its statements are prepared once.
@safe final class SQLiteConnection: SQLConnection {
    private let handle: OpaquePointer
    private let path: String
    private var statements: [String: OpaquePointer]

    /// Opens or creates the file with durable commits.
    init(path: String) throws(StorageError) {
        var handle: OpaquePointer? = nil
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let status = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard status == SQLITE_OK, let handle = unsafe handle else {
            unsafe sqlite3_close_v2(handle)
            throw .cannotOpen(path)
        }
        unsafe self.handle = handle
        self.path = path
        unsafe statements = [:]
        unsafe sqlite3_extended_result_codes(handle, 1)
        unsafe sqlite3_busy_timeout(handle, 5_000)
        do {
            try configure()
        } catch {
            close()
            throw error as? StorageError ?? .failed("\(error)")
        }
    }

    /// A commit that returned must survive a power cut: `synchronous` is easily lost, so it is read back.
    private func configure() throws {
        _ = try query("PRAGMA journal_mode = WAL", [])
        try execute("PRAGMA synchronous = FULL", [])
        try execute("PRAGMA foreign_keys = ON", [])
        try execute("PRAGMA trusted_schema = OFF", [])
        guard try query("PRAGMA synchronous", []).first?.integer(0) == 2 else {
            throw StorageError.failed("synchronous commits are not to be had")
        }
    }

    @discardableResult
    func execute(_ statement: String, _ values: [SQLValue]) throws -> Int {
        _ = try rows(statement, values)
        return unsafe Int(sqlite3_changes(handle))
    }

    func query(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow] { try rows(statement, values) }

    private func rows(_ text: String, _ values: [SQLValue]) throws -> [SQLRow] {
        let statement = try unsafe prepared(text)
        defer {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { try unsafe bind(value, at: Int32(index + 1), of: statement) }
        var rows: [SQLRow] = []
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW: unsafe rows.append(Self.row(statement))
            case SQLITE_DONE: return rows
            case let code: throw error(code)
            }
        }
    }

    private func prepared(_ text: String) throws -> OpaquePointer {
        if let statement = unsafe statements[text] { return unsafe statement }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
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
                // A pointer to nothing would bind NULL.
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

    /// SQLite copies what it is given.
    private static var transient: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    private func error(_ code: Int32) -> any Error {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT:
            if code == SQLITE_CONSTRAINT | 6 << 8 || code == SQLITE_CONSTRAINT | 8 << 8 { return UniqueViolation() }
            return StorageError.failed("a constraint of the schema forbids the change")
        case SQLITE_BUSY, SQLITE_LOCKED: return StorageError.busy
        case SQLITE_READONLY, SQLITE_PERM: return StorageError.readOnly(path)
        case SQLITE_FULL: return StorageError.full(path)
        case SQLITE_NOTADB, SQLITE_CORRUPT: return StorageError.notADatabase(path)
        case SQLITE_CANTOPEN: return StorageError.cannotOpen(path)
        default: return StorageError.failed(unsafe String(cString: sqlite3_errstr(code)))
        }
    }

    /// Whether a transaction is open: some errors end it on their own.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    func close() {
        while let (_, statement) = unsafe statements.popFirst() { unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_close_v2(handle)
    }
}
