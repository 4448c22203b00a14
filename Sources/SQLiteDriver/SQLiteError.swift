import CSQLite
import SQLStorage

/// What a result code of SQLite means to us (https://sqlite.org/rescode.html).
enum SQLiteError {
    // Macros that Swift cannot read: SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE.
    private static let primaryKeyTaken = SQLITE_CONSTRAINT | 6 << 8
    private static let uniqueKeyTaken = SQLITE_CONSTRAINT | 8 << 8

    /// `message` names tables and columns, never values.
    static func error(_ code: Int32, _ message: String, path: String) -> any Error {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT where [primaryKeyTaken, uniqueKeyTaken].contains(code): UniqueViolation()
        case SQLITE_CONSTRAINT, SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_MISUSE, SQLITE_TOOBIG:
            RefusedStatement(message)
        default: storageError(code, message, path: path)
        }
    }

    /// The same for a connection that is being opened, when no statement of ours can be at fault.
    static func storageError(_ code: Int32, _ message: String, path: String) -> StorageError {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_READONLY: .readOnly(path)
        case SQLITE_FULL: .full(path)
        case SQLITE_NOTADB: .notADatabase(path)
        case SQLITE_CORRUPT: .damaged(path)
        case SQLITE_CANTOPEN, SQLITE_PERM: .cannotOpen(path)
        default: .failed(message)
        }
    }
}
