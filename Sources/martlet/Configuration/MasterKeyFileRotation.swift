import FoundationEssentials
import IdentityProvider

extension MasterKeyFile {
    /// Puts a new key before the others. Throws `Mistakes`.
    func add() throws(Mistakes) {
        _ = try read()
        try replace(with: MasterKeys.generate() + lines().map { $0 + "\n" }.joined())
    }

    /// Leaves the first key alone in the file. Throws `Mistakes`.
    func keepFirst() throws(Mistakes) {
        let lines = try lines()
        if lines.count > 1 { try replace(with: lines[0] + "\n") }
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
