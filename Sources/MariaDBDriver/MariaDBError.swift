import CMariaDB
import SQLStorage

/// The whole unit may run again: it conflicted with another one (a deadlock, a lock wait timeout, or a commit that the
/// cluster rejected).
struct Conflict: Error {}

/// The connection is no longer usable.
struct LostConnection: Error {
    let reason: String
}

/// Maps MariaDB's error codes to errors (https://mariadb.com/kb/en/mariadb-error-code-reference/).
enum MariaDBError {
    /// `server` appears in messages. `message` may contain values, so it is passed on only for codes where it names at
    /// most tables, columns or users.
    static func error(_ code: UInt32, _ message: String, server: String) -> any Error {
        switch code {
        // ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME
        case 1062, 1586: UniqueViolation()
        // ER_LOCK_DEADLOCK (also a failed certification), ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD, ER_NEED_REPREPARE
        case 1213, 1205, 1020, 1615: Conflict()
        // ER_STATEMENT_TIMEOUT, ER_QUERY_INTERRUPTED
        case 1969, 1317: StorageError.slow
        // ER_DISK_FULL, ER_RECORD_FILE_FULL
        case 1021, 1114: StorageError.full(server)
        // ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE
        case 1290, 1792, 1836: StorageError.failed("\(server) is read-only")
        // Access denied, unknown database, host not allowed, TLS errors
        case 1044, 1045, 1049, 1130, 1142, 1143, 1227, 1251, 1698, 2026, 2059, 2061:
            StorageError.notAdmitted("\(server): \(message)")
        // A response that ended without an error code, the client library's own errors, ER_UNKNOWN_COM_ERROR (a node
        // outside the majority of its cluster), shutdown, too many connections, killed, network errors
        case 0, 2000...2999, 5000...5999, 1040, 1047, 1053, 1077, 1079, 1152, 1159, 1160, 1161, 1203, 1927, 1129:
            LostConnection(reason: "\(server): \(message)")
        // ER_BAD_FIELD_ERROR, ER_PARSE_ERROR, ER_NO_SUCH_TABLE, ER_DATA_TOO_LONG, ER_BAD_NULL_ERROR, foreign keys,
        // ER_CONSTRAINT_FAILED: messages without values
        case 1054, 1064, 1146, 1406, 1048, 1451, 1452, 4025: RefusedStatement(message)
        default: RefusedStatement("error \(code)")
        }
    }
}
