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
    func open() throws -> any SQLDatabase {
        switch self {
        case .sqlite(let path): try SQLiteDatabase(path: path)
        case .mariaDB(let settings): MariaDBDatabase(settings)
        }
    }

    /// Whether several nodes can share the database.
    var isShared: Bool {
        switch self {
        case .sqlite: false
        case .mariaDB: true
        }
    }
}

/// An invalid `storage` setting, with the reason.
struct InvalidStorageSetting: Error {
    let reason: String
}
