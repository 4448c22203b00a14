import FoundationEssentials
import IdentityProvider

/// The file with the secrets that the database does not hold.
struct MasterKeyFile {
    let path: String

    /// Throws `Mistakes`.
    func read() throws(Mistakes) -> MasterKeys {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Mistakes([
                """
                \(path): there is no master key: make one with `martlet key master \(path)`, and give every node that \
                uses the database the same file
                """
            ])
        }
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw Mistakes(["\(path): the master key cannot be read: let this user read it"]) }
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int ?? 0
        guard mode & 0o077 == 0 else {
            throw Mistakes(["\(path): others may read the master key: run `chmod 600 \(path)`"])
        }
        do { return try MasterKeys(parsing: text) } catch { throw Mistakes(["\(path): \(error.reason)"]) }
    }

    func makeIfAbsent() throws(Mistakes) {
        if !FileManager.default.fileExists(atPath: path) { try make() }
    }

    /// Makes a file that this user alone may read. Throws `Mistakes`, and never replaces a file: what is sealed under its
    /// key would be lost.
    func make() throws(Mistakes) {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw Mistakes(["\(path): is there already: keep it, or what is sealed under its key is lost"])
        }
        let made = FileManager.default.createFile(
            atPath: path, contents: Data(MasterKeys.generate().utf8), attributes: [.posixPermissions: 0o600])
        guard made else { throw Mistakes(["\(path): the master key cannot be written: let this user write there"]) }
    }
}
