import MariaDBDriver
import SQLStorage
import SQLiteDriver

/// The database, from the setting `storage`.
enum StorageSetting {
    case sqlite(String)
    case mariaDB(MariaDBSettings)

    /// Errors never include the text, which may contain a password.
    init(_ text: String) throws(InvalidStorageSetting) {
        if text.hasPrefix("sqlite:"), text.count > 7 {
            self = .sqlite(String(text.dropFirst(7)))
        } else if text.hasPrefix("mariadb:") || text.hasPrefix("mariadb+unix:") {
            do throws(InvalidMariaDBURL) { self = .mariaDB(try MariaDBSettings(text)) } catch {
                throw InvalidStorageSetting(reason: error.reason)
            }
        } else {
            throw InvalidStorageSetting(
                reason: """
                    must be sqlite:FILE, mariadb://USER:PASSWORD@HOST/DATABASE or \
                    mariadb+unix://USER@/SOCKET/DATABASE
                    """)
        }
    }

    /// Opens the file, or starts connecting to the server. Throws `StorageError`.
    func open(for access: StorageAccess) throws -> any SQLDatabase {
        switch self {
        case .sqlite(let path): try SQLiteDatabase(path: path, for: access)
        case .mariaDB(let settings): MariaDBDatabase(settings, for: access)
        }
    }

    /// Throws `StorageError.missing` if the database is a file that doesn't exist.
    func requireExisting() throws(StorageError) {
        if case .sqlite(let path) = self { try SQLiteDatabase.requireFile(path) }
    }

    /// Whether several nodes can share the database.
    var isShared: Bool {
        switch self {
        case .sqlite: false
        case .mariaDB: true
        }
    }
}

extension StorageSetting: CustomStringConvertible {
    /// The setting without the password and options.
    var description: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .mariaDB(let settings): "\(settings)"
        }
    }
}

/// An invalid `storage` setting, with the reason.
struct InvalidStorageSetting: Error {
    let reason: String
}
