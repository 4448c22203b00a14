import CMariaDB
import Glibc
import SQLStorage

/// The global state of libmariadb.
enum MariaDBLibrary {
    private static let started: Void = {
        // A lost connection must not end this process: libssl writes without MSG_NOSIGNAL.
        _ = signal(SIGPIPE, SIG_IGN)
        _ = mysql_server_init(0, nil, nil)
    }()

    static func start() { started }
}

/// Opens a connection to one server.
@safe struct MariaDBHandshake {
    let handle: UnsafeMutablePointer<MYSQL>
    let server: MariaDBSettings.Server
    let settings: MariaDBSettings

    /// The connection timeout, in seconds.
    private static let patience: UInt32 = 2

    func connect(timeout: Int?) throws {
        set(MYSQL_OPT_CONNECT_TIMEOUT, Self.patience)
        // The server aborts a slow statement. These timeouts are for a server that does not respond at all.
        if let timeout {
            set(MYSQL_OPT_READ_TIMEOUT, UInt32(timeout + 1))
            set(MYSQL_OPT_WRITE_TIMEOUT, UInt32(timeout + 1))
        }
        // Keeps the server from requesting local files or a plaintext password.
        set(MYSQL_OPT_LOCAL_INFILE, 0)
        set(MYSQL_SET_CHARSET_NAME, "utf8mb4")
        set(MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,client_ed25519,parsec,auth_gssapi_client")
        secure()
        // Counts a row that an UPDATE matches but does not change, as SQLite does.
        let flags = UInt(CLIENT_FOUND_ROWS)
        let connected =
            switch server {
            case .host(let name, let port):
                unsafe mysql_real_connect(
                    handle, name, settings.user, settings.password, settings.database, UInt32(port), nil, flags)
            case .socket(let path):
                unsafe mysql_real_connect(
                    handle, nil, settings.user, settings.password, settings.database, 0, path, flags)
            }
        guard unsafe connected != nil else {
            throw unsafe MariaDBError.error(
                mysql_errno(handle), String(cString: mysql_error(handle)), server: "\(server)")
        }
    }

    private func secure() {
        guard case .verified(let authority, let client) = settings.transportSecurity else { return }
        unsafe mysql_ssl_set(handle, client?.key, client?.certificate, authority, nil, nil)
        set(MYSQL_OPT_SSL_ENFORCE, CChar(1))
        set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, CChar(1))
    }

    private func set<Value: BitwiseCopyable>(_ option: mysql_option, _ value: Value) {
        unsafe withUnsafePointer(to: value) { _ = unsafe mysql_options(handle, option, $0) }
    }

    private func set(_ option: mysql_option, _ text: String) { _ = unsafe mysql_options(handle, option, text) }
}
