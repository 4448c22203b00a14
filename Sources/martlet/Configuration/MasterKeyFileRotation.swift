import FoundationEssentials
import Glibc
import IdentityProvider

extension MasterKeyFile {
    /// Puts a new key before the others. Throws `Mistakes`.
    func add() throws(Mistakes) {
        _ = try read()
        try replace(with: MasterKeys.generate() + lines().map { $0 + "\n" }.joined())
    }

    /// Leaves the first key alone in the file, which must be the one named. Throws `Mistakes`.
    func keepFirst(named name: String) throws(Mistakes) {
        guard try read().names.first == name else {
            throw Mistakes(["\(path): another key stands first by now; nothing was dropped"])
        }
        let lines = try lines()
        if lines.count > 1 { try replace(with: lines[0] + "\n") }
    }

    /// Keeps every other command that changes keys away from the file while `body` runs. Throws `Mistakes` when there is one.
    func whileLocked<Result>(_ body: () async throws -> Result) async throws -> Result {
        // A file of its own: the key file itself is replaced.
        let name = "\(path).lock"
        let descriptor = unsafe open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Mistakes(["\(name): cannot be written: let this user write to its folder"]) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Mistakes(["another command is changing the keys: wait until it has ended"])
        }
        return try await body()
    }

    /// The keys as they stand in the file, without comments.
    private func lines() throws(Mistakes) -> [String] {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw Mistakes(["\(path): the master key cannot be read: let this user read it"]) }
        return text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private func replace(with text: String) throws(Mistakes) {
        let file = try PrivateFile(path)
        try file.write(Array(text.utf8))
        try file.replace()
    }
}
