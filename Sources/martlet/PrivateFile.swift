import Glibc
import IdentityProvider
import JOSE

/// A new file that appears at its path once it is complete. By default only this user can read it. An existing file or
/// symbolic link at the path is neither replaced nor followed.
final class PrivateFile {
    private let path: String
    private let part: String
    private let descriptor: Int32

    /// Creates the temporary file that collects the content. Throws `Mistakes`.
    init(_ path: String, mode: mode_t = 0o600) throws(Mistakes) {
        self.path = path
        // A random name keeps concurrent writers to the same path apart.
        part = "\(path).\(Base64URL.encode(RandomBytes.make(9))).part"
        descriptor = unsafe open(part, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        // The umask may have removed the user's own permissions.
        guard fchmod(descriptor, mode) == 0 else { throw Self.failure(path) }
    }

    deinit {
        close(descriptor)
        unsafe unlink(part)
    }

    func write(_ bytes: [UInt8]) throws(Mistakes) {
        guard Descriptor.write(bytes, to: descriptor) else { throw Self.failure(path) }
    }

    /// Syncs the content to disk and links it at the path. Returns `false` if the path exists, so exactly one of
    /// several concurrent callers succeeds.
    func publish() throws(Mistakes) -> Bool {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
        guard unsafe link(part, path) == 0 else {
            guard errno == EEXIST else { throw Self.failure(path) }
            return false
        }
        try Self.synchronizeDirectory(of: path)
        return true
    }

    /// Syncs the content to disk and atomically replaces the file at the path. Keeps the owner, so that the server can
    /// still read the file if root ran the command.
    func replace() throws(Mistakes) {
        var former = stat()
        guard unsafe lstat(path, &former) == 0, fchown(descriptor, former.st_uid, former.st_gid) == 0,
            fsync(descriptor) == 0, unsafe rename(part, path) == 0
        else { throw Self.failure(path) }
        try Self.synchronizeDirectory(of: path)
    }

    /// Creates the directory of `path` and its missing parents, accessible to this user only. Throws `Mistakes`.
    static func makeDirectory(of path: String) throws(Mistakes) {
        let directory = directory(of: path)
        guard unsafe mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, directory != path else { throw failure(path) }
        try makeDirectory(of: directory)
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failure(path) }
    }

    /// Makes the directory entry durable, so that it survives a power failure.
    private static func synchronizeDirectory(of path: String) throws(Mistakes) {
        let descriptor = unsafe open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ path: String) -> Mistakes {
        Mistakes(["\(path): cannot be written (\(unsafe String(cString: strerror(errno))))"])
    }
}
