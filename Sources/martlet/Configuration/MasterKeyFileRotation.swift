import FoundationEssentials
import Glibc
import IdentityProvider

extension MasterKeyFile {
    /// Inserts a new key before the others. Throws `Mistakes`.
    func add() throws(Mistakes) {
        _ = try read()
        try replace(with: MasterKeys.generate() + lines().map { $0 + "\n" }.joined())
    }

    /// Removes all keys but the first, which must have this name. Throws `Mistakes`.
    func keepFirst(named name: String) throws(Mistakes) {
        guard try read().names.first == name else {
            throw Mistakes(["\(path): the first key is no longer \(name); no key was removed"])
        }
        let lines = try lines()
        if lines.count > 1 { try replace(with: lines[0] + "\n") }
    }

    /// Runs `body` while no other command changes the keys. Throws `Mistakes` if another one is running.
    func whileLocked<Result>(_ body: () async throws -> Result) async throws -> Result {
        // Not a lock on the key file, which is replaced by another file.
        let name = "\(path).lock"
        let descriptor = unsafe open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Mistakes(["\(name): cannot be written; give this user write access to its folder"])
        }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Mistakes(["another command is changing the keys; wait until it ends, then run this again"])
        }
        return try await body()
    }

    /// The keys in the file, without comments.
    private func lines() throws(Mistakes) -> [String] {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw Mistakes(["\(path): the master key cannot be read; give this user read access"]) }
        return text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private func replace(with text: String) throws(Mistakes) {
        let file = try PrivateFile(path)
        try file.write(Array(text.utf8))
        try file.replace()
    }
}
