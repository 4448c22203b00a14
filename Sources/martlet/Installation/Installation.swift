import IdentityProvider
import Outbound

/// What `martlet init` asks for, and the files that it writes.
struct Installation {
    /// Who terminates TLS.
    enum Front {
        /// Nobody: the issuer is on this machine.
        case none
        /// A reverse proxy in one of these networks.
        case proxy(networks: [String])
        /// Martlet.
        case certificate(path: String, key: String)
    }

    let issuer: Issuer
    let name: String
    /// The `storage` setting.
    let storage: String
    let front: Front
    let listen: String
    let mail: Mail?
    let user: FirstUser?
    /// The absolute path of the folder that the files are written to.
    let folder: String

    struct Mail {
        /// The `mail.smtp` setting.
        let server: String
        let sender: String
    }

    struct FirstUser {
        let username: String
        let email: String?
        /// In PHC string format.
        let passwordHash: String
    }

    struct File {
        let name: String
        let text: String
        /// Whether only the user that runs Martlet may read it.
        let isSecret: Bool
    }

    static let configurationName = "martlet.yaml"
    static let resourcesName = "resources.yaml"
    static let unitName = "martlet.service"
    static let storageName = "storage-url"
    static let mailName = "mail-url"
    static let masterKeyName = "master.key"

    /// A database or mail server URL with a password goes to a file of its own.
    var files: [File] {
        var files = [
            File(name: Self.configurationName, text: ConfigurationText(self).text, isSecret: false),
            File(name: Self.resourcesName, text: ResourcesText(user: user).text, isSecret: true),
            File(name: Self.unitName, text: SystemdUnit(self).text, isSecret: false),
        ]
        if hasStoragePassword { files.append(File(name: Self.storageName, text: storage + "\n", isSecret: true)) }
        if let mail, hasMailPassword {
            files.append(File(name: Self.mailName, text: mail.server + "\n", isSecret: true))
        }
        return files
    }

    var hasStoragePassword: Bool { Self.hasPassword(storage) }
    var hasMailPassword: Bool { mail.map { Self.hasPassword($0.server) } ?? false }

    func path(_ name: String) -> String { "\(folder)/\(name)" }
    var masterKeyPath: String { path(Self.masterKeyName) }

    /// The folder of the SQLite file. `nil` for other databases.
    var dataFolder: String? {
        guard storage.hasPrefix("sqlite:"), let slash = storage.lastIndex(of: "/") else { return nil }
        return String(storage[..<slash].dropFirst("sqlite:".count))
    }

    /// The folder of the socket to listen on. `nil` for a port.
    var socketFolder: String? {
        guard listen.hasPrefix("unix:"), let slash = listen.lastIndex(of: "/") else { return nil }
        return String(listen[..<slash].dropFirst("unix:".count))
    }

    /// The files that Martlet only reads, so that their owner stays.
    var certificateFiles: [String] {
        switch front {
        case .none, .proxy: []
        case .certificate(let path, let key): [path, key]
        }
    }

    /// Whether `listen` is a port that only root may open, unless the unit allows it.
    var needsPrivilegedPort: Bool {
        guard !listen.hasPrefix("unix:"), let colon = listen.lastIndex(of: ":") else { return false }
        return Int(listen[listen.index(after: colon)...]).map { $0 < 1_024 } ?? false
    }

    private static func hasPassword(_ url: String) -> Bool { !url.hasPrefix("sqlite:") && url.contains("@") }
}
