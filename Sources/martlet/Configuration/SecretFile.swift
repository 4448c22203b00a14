import FoundationEssentials

/// A file that keeps a secret off the command line, or out of another file.
enum SecretFile {
    /// Returns the lines that aren't empty, or `nil` if the file can't be read or isn't UTF-8.
    static func lines(_ path: String) -> [String]? {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { return nil }
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }
}
