import MariaDBDriver
import SQLStorage
import SQLiteDriver

/// Where state is kept: the setting `storage`.
enum StorageSetting {
    case sqlite(String)
    case mariaDB(MariaDBSettings)

    /// What stands there may hold a password: the reason for a refusal never repeats it.
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

    /// Opens a file, or begins to connect to a server. Throws `StorageError`.
    func open() throws -> any SQLDatabase {
        switch self {
        case .sqlite(let path): try SQLiteDatabase(path: path)
        case .mariaDB(let settings): MariaDBDatabase(settings)
        }
    }

    /// Whether other nodes may use it, too.
    var isShared: Bool {
        switch self {
        case .sqlite: false
        case .mariaDB: true
        }
    }
}

/// Why a text does not say where to keep state.
struct InvalidStorageSetting: Error {
    let reason: String
}
