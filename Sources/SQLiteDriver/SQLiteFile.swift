import Glibc
import SQLStorage

/// The database file, before SQLite opens it.
enum SQLiteFile {
    /// Throws `StorageError.missing` if the file does not exist.
    static func require(_ path: String) throws(StorageError) {
        guard unsafe access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR else { return }
        throw .missing(path)
    }

    /// Creates an empty file that only this user may read, unless the file exists. SQLite gives its other files the
    /// same mode. If several programs start at once, exactly one creates the file.
    static func makeIfAbsent(_ path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor < 0 else {
            close(descriptor)
            return
        }
        switch errno {
        case EEXIST: return
        case EROFS: throw .readOnly(path)
        case ENOSPC, EDQUOT: throw .full(path)
        default: throw .cannotOpen(path)
        }
    }
}
