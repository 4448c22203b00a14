import IdentityProvider

/// A reason why the storage cannot be used. The description, on one line, says what to do.
package enum StorageError: StorageUnavailable, Hashable, CustomStringConvertible {
    case cannotOpen(String)
    case notADatabase(String)
    case damaged(String)
    case readOnly(String)
    case full(String)
    case busy
    /// The time limit passed before the change was made.
    case slow
    /// The server does not answer. The text says which server and why. It may come back.
    case unreachable(String)
    /// The server denied access. The text is the server's own.
    case notAdmitted(String)
    /// The server does not meet the requirements for durable commits.
    case unsuitable(String)
    /// The connection was lost or the time limit passed during a commit. Whether the change was made is unknown.
    case uncertain
    case closed
    case failed(String)
    /// The database file does not exist, and the program must not create it.
    case missing(String)
    /// The database has no tables yet, and the program must not create them.
    case noSchema
    /// The schema must be migrated, which the program must not do.
    case olderSchema(found: Int, known: Int)
    case foreignTables
    case newerSchema(found: Int, known: Int)
    case changedMigration(Int)

    /// Whether the problem may resolve without intervention. If so, a starting server waits instead of exiting.
    package var mayPass: Bool {
        switch self {
        case .unreachable, .busy, .slow, .uncertain, .full: true
        case .cannotOpen, .notADatabase, .damaged, .readOnly, .notAdmitted, .unsuitable, .closed, .failed,
            .missing, .noSchema, .olderSchema, .foreignTables, .newerSchema, .changedMigration:
            false
        }
    }

    package var description: String {
        switch self {
        case .cannotOpen(let path):
            "The database \(path) cannot be opened: create its directory, and give this user write access to it."
        case .notADatabase(let path):
            "The file \(path) is not a Martlet database: set `storage` to another file."
        case .damaged(let path):
            "The database \(path) is damaged: stop the server and restore the file from a backup."
        case .readOnly(let path):
            "The database \(path) is read-only: give this user write access to the file and its directory."
        case .full(let path): "The disk that holds the database \(path) is full: free some space. No data was lost."
        case .busy: "The database is locked by another program: stop that program, or wait until it finishes."
        case .slow: "The database took too long; nothing was changed. Find out what keeps it busy, then try again."
        case .unreachable(let reason):
            "The database server cannot be reached (\(reason)): start it, or correct `storage`."
        case .notAdmitted(let reason):
            "The database server denied access (\(reason)): correct `storage`, or grant the missing privileges."
        case .unsuitable(let reason): "The database server does not meet the requirements: \(reason)."
        case .uncertain: "The database server did not confirm whether the change was made: try again."
        case .closed: "The database is closed because the server is shutting down."
        case .failed(let reason): "The database failed: \(reason)."
        case .missing(let path):
            """
            The database \(path) does not exist: `martlet serve` or `martlet migrate` creates it. If it exists elsewhere, \
            correct `storage`, or name the configuration file with --config.
            """
        case .noSchema: "The database is empty: `martlet serve` or `martlet migrate` creates its tables."
        case .olderSchema(let found, let known):
            """
            The database has schema version \(found), but this program needs \(known): back up the database, then run \
            `martlet migrate` or start the new server. Nothing was changed.
            """
        case .foreignTables:
            "The database contains the tables of another program: set `storage` to another database."
        case .newerSchema(let found, let known):
            "The database has schema version \(found), but this program supports at most \(known): start the newer version."
        case .changedMigration(let version):
            """
            Migration \(version) in the database differs from this program's: start the program that created the \
            database, or restore a backup made by this one.
            """
        }
    }
}
