import FoundationEssentials
import Glibc
import IdentityProvider
import SQLStorage
import SQLiteDriver

/// The file with the master keys, which are kept out of the database.
struct MasterKeyFile {
    let path: String

    /// Reads the keys. Throws `Mistakes` if other users can read the file, or if it is not a regular file of valid
    /// keys.
    func read() throws(Mistakes) -> MasterKeys {
        // `O_NONBLOCK`, because opening a FIFO blocks until it has a writer.
        guard let file = InputFile(path, options: O_NOFOLLOW | O_NONBLOCK) else {
            throw Mistakes(["\(path): \(Self.reason(errno, path))"])
        }
        var status = stat()
        // Checks the open descriptor, since the path may refer to another file by now.
        guard unsafe fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Mistakes(["\(path): the master key must be a regular file"])
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Mistakes(["\(path): other users can access the master key; run `chmod 600 \(path)`"])
        }
        guard let data = file.readToEnd(), let text = String(validating: data, as: UTF8.self) else {
            throw Mistakes(["\(path): the master key is not readable text"])
        }
        do { return try MasterKeys(parsing: text) } catch { throw Mistakes(["\(path): \(error.reason)"]) }
    }

    private static func reason(_ code: Int32, _ path: String) -> String {
        switch code {
        case ENOENT, ENOTDIR:
            """
            no master key found; a database in use needs its own key, from a backup or another node; for a new \
            database, create one with `martlet key master \(path)` and copy it to every node
            """
        case ELOOP: "the master key must not be a symbolic link; name the target file instead"
        default: "the master key cannot be read; give this user read access"
        }
    }

    /// Creates the file for a new SQLite database, unless the path exists. A database in use needs the key that it was
    /// sealed under, so nothing is created for it.
    func make(forNew database: String) async throws {
        guard !FileManager.default.fileExists(atPath: path), try await !Self.isInUse(database) else { return }
        try PrivateFile.makeDirectory(of: path)
        try makeIfAbsent()
    }

    /// Programs that start at once create the key before they use the database, so a key that appears in between is
    /// never mistaken for a missing one.
    private static func isInUse(_ path: String) async throws -> Bool {
        let storage: SQLBackend
        do { storage = SQLBackend(try SQLiteDatabase(path: path, for: .reading)) } catch StorageError.missing {
            return false
        }
        do {
            let needsMasterKey = try await storage.needsMasterKey()
            await storage.close()
            return needsMasterKey
        } catch {
            await storage.close()
            throw error
        }
    }

    /// Creates the file unless the path exists. If several processes start at once, one creates it and the others read
    /// that file.
    func makeIfAbsent() throws(Mistakes) {
        if !FileManager.default.fileExists(atPath: path) { _ = try publish() }
    }

    /// Creates a file that only this user can read. Throws `Mistakes` if the path exists: replacing a key would lose
    /// all data sealed under it.
    func make() throws(Mistakes) {
        guard try publish() else {
            throw Mistakes(["\(path): already exists; keep it, or all data sealed under its key is lost"])
        }
    }

    private func publish() throws(Mistakes) -> Bool {
        let file = try PrivateFile(path)
        try file.write(Array(MasterKeys.generate().utf8))
        return try file.publish()
    }
}
