import CMariaDB
import SQLStorage

/// The whole unit may be run again: another one was in its way (a deadlock, a lock that was not given in time, a commit
/// that the cluster refused).
struct Conflict: Error {}

/// The connection is of no use any more.
struct LostConnection: Error {
    let reason: String
}

/// What an error number means to us (https://mariadb.com/kb/en/mariadb-error-code-reference/).
enum MariaDBError {
    /// `server` is for the text; `message` may hold values and is passed on only where it names tables or users.
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
        case 1290, 1792, 1836: StorageError.failed("\(server) does not accept changes: it runs read-only")
        // Access denied in its forms, unknown database, host not allowed, TLS
        case 1044, 1045, 1049, 1130, 1142, 1143, 1227, 1251, 1698, 2026, 2059, 2061:
            StorageError.notAdmitted("\(server): \(message)")
        // An answer that ended without saying why; the client's own errors; ER_UNKNOWN_COM_ERROR (a node that is not part of a cluster's majority), shutting
        // down, too many connections, killed, errors of the network.
        case 0, 2000...2999, 5000...5999, 1040, 1047, 1053, 1077, 1079, 1152, 1159, 1160, 1161, 1203, 1927, 1129:
            LostConnection(reason: "\(server): \(message)")
        // ER_BAD_FIELD_ERROR, ER_PARSE_ERROR, ER_NO_SUCH_TABLE, ER_DATA_TOO_LONG, ER_BAD_NULL_ERROR, foreign keys,
        // ER_CONSTRAINT_FAILED: texts without values.
        case 1054, 1064, 1146, 1406, 1048, 1451, 1452, 4025: RefusedStatement(message)
        default: RefusedStatement("error \(code)")
        }
    }
}
