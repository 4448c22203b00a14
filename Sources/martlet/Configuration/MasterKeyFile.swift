// A static build finds `stat` in this module, a dynamic one in Glibc.
import CoreFoundation
import Foundation
import Glibc
import IdentityProvider

/// The file with the secrets that the database does not hold.
struct MasterKeyFile {
    let path: String

    /// Throws `Mistakes`.
    func read() throws(Mistakes) -> MasterKeys {
        // `O_NONBLOCK`: opening a FIFO would block until it has a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Mistakes(["\(path): \(Self.reason(errno, path))"]) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        // Of the file that is open: a name may mean another one a moment later.
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Mistakes(["\(path): the master key must be a regular file"])
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Mistakes(["\(path): others may read the master key: run `chmod 600 \(path)`"])
        }
        guard let data = try? file.readToEnd(), let text = String(validating: data, as: UTF8.self) else {
            throw Mistakes(["\(path): the master key cannot be read"])
        }
        do { return try MasterKeys(parsing: text) } catch { throw Mistakes(["\(path): \(error.reason)"]) }
    }

    private static func reason(_ code: Int32, _ path: String) -> String {
        switch code {
        case ENOENT, ENOTDIR:
            """
            there is no master key: make one with `martlet key master \(path)`, and give every node that uses the \
            database the same file
            """
        case ELOOP: "the master key must not be a symbolic link: name the file that it leads to"
        default: "the master key cannot be read: let this user read it"
        }
    }

    /// Creates the key unless something has its name. Of programs that start at once, one creates it and the others read
    /// that one.
    func makeIfAbsent() throws(Mistakes) {
        if !FileManager.default.fileExists(atPath: path) { _ = try publish() }
    }

    /// Creates a file that only this user can read. Throws `Mistakes`, and never replaces a file: what is sealed under
    /// its key would be lost.
    func make() throws(Mistakes) {
        guard try publish() else {
            throw Mistakes(["\(path): is there already: keep it, or what is sealed under its key is lost"])
        }
    }

    private func publish() throws(Mistakes) -> Bool {
        let file = try PrivateFile(path)
        try file.write(Array(MasterKeys.generate().utf8))
        return try file.publish()
    }
}
