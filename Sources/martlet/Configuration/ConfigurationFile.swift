import FoundationEssentials
import Glibc
import IdentityProvider

/// The configuration file that is used if neither `--config` nor `MARTLET_CONFIG` names one.
enum ConfigurationFile {
    /// Where Martlet looks, in this order.
    static let places = ["martlet.yaml", "/etc/martlet/martlet.yaml"]

    /// Reads the first file that exists, or returns `nil`. Throws `Mistakes` for one that another user could have
    /// placed there, because the configuration decides which database and keys a command uses.
    static func find(in places: [String]) throws(Mistakes) -> DocumentFile? {
        for path in places {
            // A command run in a folder of another user must not follow a link that they placed there.
            guard let file = InputFile(path, options: O_NONBLOCK | (path.hasPrefix("/") ? 0 : O_NOFOLLOW)) else {
                if errno == ENOENT || errno == ENOTDIR { continue }
                throw Mistakes(["\(path): \(Self.reason(errno, path))"])
            }
            var status = stat()
            guard unsafe fstat(file.descriptor, &status) == 0, isOwn(Permissions(status)) else {
                throw Mistakes([
                    """
                    \(path): not used, because another user may have written it; to use it, add --config \(path)
                    """
                ])
            }
            guard let bytes = file.readToEnd(), let text = String(validating: bytes, as: UTF8.self) else {
                throw Mistakes(["\(path): not valid UTF-8"])
            }
            return try DocumentFile(text: text, path: path)
        }
        return nil
    }

    /// Says why the file could not be opened, and the next step.
    private static func reason(_ error: Int32, _ path: String) -> String {
        guard error == ELOOP else { return "cannot be read; give this user read access, or name a file with --config" }
        return "not used, because it is a symbolic link, which another user may have placed; to use it, add --config "
            + path
    }

    /// Whether only this user and root can have written the regular file. The user's own primary group may write it,
    /// because many systems create files that way (umask 002) and give each user a group of their own. That of root may
    /// have other members.
    static func isOwn(_ file: Permissions, user: uid_t = geteuid(), group: gid_t = getegid()) -> Bool {
        guard file.mode & S_IFMT == S_IFREG, [0, user].contains(file.owner), file.mode & 0o002 == 0 else {
            return false
        }
        return file.mode & 0o020 == 0 || user != 0 && file.group == group
    }

    /// The type of a file, and who may do what with it.
    struct Permissions {
        let mode: mode_t
        let owner: uid_t
        let group: gid_t
    }
}

extension ConfigurationFile.Permissions {
    fileprivate init(_ status: stat) { self.init(mode: status.st_mode, owner: status.st_uid, group: status.st_gid) }
}

extension Configuration {
    /// One line that names the issuers, the storage without its password, and the configuration file or where it was
    /// looked for.
    func summary(of issuers: [Issuer]) -> String {
        "martlet: \(issuers.map(\.identifier).joined(separator: ", ")) in \(storage), \(source)"
    }
}
