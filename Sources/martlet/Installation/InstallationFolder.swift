import FoundationEssentials
import Glibc
import IdentityProvider

/// The folder that `martlet init` writes to.
struct InstallationFolder {
    /// Absolute, without a trailing slash.
    let path: String

    /// Throws `Mistakes` if `path` has a line break, which no configuration can hold.
    init(_ path: String) throws(Mistakes) {
        guard !path.contains(where: \.isNewline) else { throw Mistakes(["the folder's name has a line break"]) }
        self.path = Self.absolute(path)
    }

    /// Data is kept apart from an installation's configuration (Filesystem Hierarchy Standard §5.8).
    var defaultDataFolder: String { path.hasPrefix("/etc/") ? "/var/lib/martlet" : "\(path)/var" }

    private static let names = [
        Installation.configurationName, Installation.resourcesName, Installation.unitName, Installation.storageName,
        Installation.mailName, Installation.masterKeyName,
    ]

    /// Throws `Mistakes` if one of the files exists: this is an installation already.
    func requireAbsent() throws(Mistakes) {
        let existing = Self.names.filter { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
        guard existing.isEmpty else {
            throw Mistakes(
                existing.map { "\(path)/\($0): already exists" } + ["nothing was written; choose another folder"])
        }
    }

    /// Writes all files, or none. Throws `Mistakes`.
    func write(_ installation: Installation) throws(Mistakes) {
        var written: [String] = []
        do throws(Mistakes) {
            try make()
            for file in installation.files {
                let target = "\(path)/\(file.name)"
                let output = try PrivateFile(target, mode: file.isSecret ? 0o600 : 0o644)
                try output.write(Array(file.text.utf8))
                guard try output.publish() else { throw Mistakes(["\(target): already exists"]) }
                written.append(target)
            }
            try MasterKeyFile(path: installation.masterKeyPath).make()
        } catch {
            for file in written { unsafe unlink(file) }
            throw error
        }
    }

    /// Creates the folder. Others may list it, because the service runs as another user than the one that set it up;
    /// files with secrets have a mode of their own.
    private func make() throws(Mistakes) {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        try PrivateFile.makeDirectory(of: "\(path)/x")
        unsafe chmod(path, 0o755)
    }

    static func absolute(_ path: String) -> String {
        let full = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        let standard = URL(filePath: full).standardizedFileURL.path(percentEncoded: false)
        return standard.count > 1 && standard.hasSuffix("/") ? String(standard.dropLast()) : standard
    }
}
