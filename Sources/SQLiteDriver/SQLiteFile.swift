import Glibc
import SQLStorage

/// The file before SQLite opens it.
enum SQLiteFile {
    /// Makes an empty file that this user alone may read; SQLite gives its other files the mode of the first. One that
    /// is there is not touched: of programs that start at once, one makes it.
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
