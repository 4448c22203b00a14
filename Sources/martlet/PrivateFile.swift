// A static build finds `stat` in this module, a dynamic one in Glibc.
import CoreFoundation
import Glibc
import IdentityProvider
import JOSE

/// A new file for secrets. Only this user can read it, and it appears under its name when it is complete. Whatever has
/// that name already, a symbolic link included, is neither replaced nor followed.
final class PrivateFile {
    private let path: String
    private let part: String
    private let descriptor: Int32

    /// Creates the part file that collects the content. Throws `Mistakes`.
    init(_ path: String) throws(Mistakes) {
        self.path = path
        // A name that nobody can guess: programs that write to one path at once stay out of each other's way.
        part = "\(path).\(Base64URL.encode(RandomBytes.make(9))).part"
        descriptor = unsafe open(part, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        // The umask may have taken the user's own rights away.
        guard fchmod(descriptor, 0o600) == 0 else { throw Self.failure(path) }
    }

    deinit {
        close(descriptor)
        unsafe unlink(part)
    }

    func write(_ bytes: [UInt8]) throws(Mistakes) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Self.failure(path) }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// Makes the content durable and gives it its name. Returns `false` if the name is taken: of several callers one
    /// succeeds.
    func publish() throws(Mistakes) -> Bool {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
        guard unsafe link(part, path) == 0 else {
            guard errno == EEXIST else { throw Self.failure(path) }
            return false
        }
        try Self.synchronizeDirectory(of: path)
        return true
    }

    /// Makes the content durable and puts it in the place of what has its name, with the same owner: readers see the one or the
    /// other, and the server can still read it if root ran the command.
    func replace() throws(Mistakes) {
        var former = stat()
        guard unsafe lstat(path, &former) == 0, fchown(descriptor, former.st_uid, former.st_gid) == 0,
            fsync(descriptor) == 0, unsafe rename(part, path) == 0
        else { throw Self.failure(path) }
        try Self.synchronizeDirectory(of: path)
    }

    /// Creates the directory of `path`, and those above it, for this user alone. Throws `Mistakes`.
    static func makeDirectory(of path: String) throws(Mistakes) {
        let directory = directory(of: path)
        guard unsafe mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, directory != path else { throw failure(path) }
        try makeDirectory(of: directory)
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failure(path) }
    }

    /// Without this a power cut could take the name back.
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
