import CSQLite
import SQLStorage

/// Maps SQLite's result codes to errors (https://sqlite.org/rescode.html).
enum SQLiteError {
    // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE, which are macros that Swift cannot import.
    private static let primaryKeyTaken = SQLITE_CONSTRAINT | 6 << 8
    private static let uniqueKeyTaken = SQLITE_CONSTRAINT | 8 << 8

    /// `message` may name tables and columns but never values.
    static func error(_ code: Int32, _ message: String, path: String) -> any Error {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT where [primaryKeyTaken, uniqueKeyTaken].contains(code): UniqueViolation()
        case SQLITE_CONSTRAINT, SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_MISUSE, SQLITE_TOOBIG:
            RefusedStatement(message)
        default: storageError(code, message, path: path)
        }
    }

    /// Maps a code that no statement causes, such as one from opening a connection.
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
