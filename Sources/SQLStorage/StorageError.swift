import IdentityProvider

/// Why the storage cannot do its work now, in a sentence that says what to do.
package enum StorageError: StorageUnavailable, Hashable, CustomStringConvertible {
    case cannotOpen(String)
    case notADatabase(String)
    case damaged(String)
    case readOnly(String)
    case full(String)
    case busy
    /// Time was over before the change was made.
    case slow
    /// The server does not answer; the text says where and how. It may come back.
    case unreachable(String)
    /// The server does not let this program in; the text is its own.
    case notAdmitted(String)
    /// The server is not one that keeps what it acknowledged.
    case unsuitable(String)
    /// The connection broke, or time was over, while a change was being made: nobody knows whether it was.
    case uncertain
    case closed
    case failed(String)
    case foreignTables
    case newerSchema(found: Int, known: Int)
    case changedMigration(Int)

    /// Whether it may end without anybody's doing here: then a program that starts waits.
    package var mayPass: Bool {
        switch self {
        case .unreachable, .busy, .slow, .uncertain, .full: true
        case .cannotOpen, .notADatabase, .damaged, .readOnly, .notAdmitted, .unsuitable, .closed, .failed,
            .foreignTables, .newerSchema, .changedMigration:
            false
        }
    }

    package var description: String {
        switch self {
        case .cannotOpen(let path):
            "The database \(path) cannot be opened: make its directory, and let this user write to it."
        case .notADatabase(let path):
            "The file \(path) is not a database of Martlet: name another file under `storage`."
        case .damaged(let path):
            "The database \(path) is damaged: stop the server and restore the file from a backup."
        case .readOnly(let path):
            "The database \(path) cannot be written: let this user write to the file and its directory."
        case .full(let path): "The disk of the database \(path) is full: make room, nothing was lost."
        case .busy: "The database is locked by another program: end that program, or wait until it has finished."
        case .slow: "The database takes too long, nothing was changed: see what keeps it busy, and try again."
        case .unreachable(let reason):
            "The database server cannot be reached (\(reason)): start it, or correct `storage`."
        case .notAdmitted(let reason):
            "The database server does not let Martlet in (\(reason)): correct `storage`, or grant what is missing."
        case .unsuitable(let reason): "The database server cannot be used: \(reason)."
        case .uncertain: "The database server was lost before it said whether the change was made: try again."
        case .closed: "The database is closed: the server is stopping."
        case .failed(let reason): "The database failed: \(reason)."
        case .foreignTables:
            "The database holds the tables of another program: name another database under `storage`."
        case .newerSchema(let found, let known):
            "The database has schema version \(found), this program knows \(known): start the newer program."
        case .changedMigration(let version):
            """
            Migration \(version) in the database differs from this program's: start the program that made the \
            database, or restore a backup that this one made.
            """
        }
    }
}
