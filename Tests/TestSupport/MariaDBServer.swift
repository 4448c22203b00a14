import CMariaDB
import Foundation
package import MariaDBDriver
import Glibc
import Synchronization

/// A private MariaDB server for tests: in a temporary folder, on a socket and a loopback port. It ends with the
/// process that started it.
package final class MariaDBServer: Sendable {
    package let folder: String
    package let port: Int
    private let options: [String]
    private let process: Mutex<Running?>

    private struct Running {
        let process: Process
        /// The server runs as long as this stays open.
        let lifeline: Pipe
    }

    package static let user = "martlet"
    /// Contains every character that must be escaped in a URL.
    package static let password = "wing:/@?%"

    /// A server shared by all tests that don't damage it.
    package static let shared = Result { try MariaDBServer() }

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers/mariadb").standardizedFileURL

    /// Starts the server with further `options` of mariadbd and waits until it responds.
    package init(_ options: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "martlet-mariadb-\(UUID().uuidString)").path()
        port = try freePort()
        self.options = options
        process = Mutex(nil)
        try start()
        try run(
            """
            CREATE USER '\(Self.user)'@'%' IDENTIFIED BY '\(Self.password)';
            GRANT ALL ON *.* TO '\(Self.user)'@'%'
            """)
    }

    deinit {
        try? stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    package var socket: String { "\(folder)/socket" }

    /// The process ID of the server, while it runs.
    package var processID: Int32? {
        (try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8))
            .flatMap { Int32($0.filter(\.isNumber)) }
    }

    /// Starts the server; `others` replace its options.
    package func start(_ others: [String]? = nil) throws {
        let running = Running(process: Process(), lifeline: Pipe())
        running.process.executableURL = Self.script
        running.process.arguments = [folder, String(port)] + (others ?? options)
        running.process.standardInput = running.lifeline
        try running.process.run()
        process.withLock { $0 = running }
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            do { return try run("SELECT 1") } catch {
                guard running.process.isRunning, ContinuousClock.now < deadline else {
                    let log = try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)
                    throw Unexpected(
                        "no MariaDB server came up: is mariadb-server installed? \(error) \(log?.suffix(2_000) ?? "")")
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    /// Stops the server and waits for its end.
    package func stop() throws {
        guard let running = process.withLock(\.self) else { return }
        process.withLock { $0 = nil }
        try running.lifeline.fileHandleForWriting.close()
        running.process.waitUntilExit()
    }

    /// Kills the server, as a crash would.
    package func kill() throws {
        if let processID { Glibc.kill(processID, SIGKILL) }
        try stop()
    }

    package func send(_ signal: Int32) { if let processID { _ = Glibc.kill(processID, signal) } }

    /// Returns the storage URL of the database `name` over TCP, and creates the database if necessary.
    package func url(_ name: String, options: String = "?connections=4") throws -> String {
        try run("CREATE DATABASE IF NOT EXISTS `\(name)`")
        let password = Self.password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return "mariadb://\(Self.user):\(password)@127.0.0.1:\(port)/\(name)\(options)"
    }

    package func settings(_ name: String, options: String = "?connections=4") throws -> MariaDBSettings {
        try MariaDBSettings(url(name, options: options))
    }

    package func drop(_ name: String) throws { try run("DROP DATABASE IF EXISTS `\(name)`") }

    /// Runs statements as the server's administrator.
    package func run(_ statements: String) throws { try Self.run(statements, socket: socket) }

    package static func run(_ statements: String, socket: String) throws { _ = try value(statements, socket: socket) }

    /// The first column of the last row, if there is one.
    @discardableResult
    package static func value(_ statements: String, socket: String) throws -> String? {
        guard let handle = unsafe mysql_init(nil) else { throw Unexpected("no memory") }
        defer { unsafe mysql_close(handle) }
        // A stopped or recovering server may accept a connection and then stay silent.
        var seconds: UInt32 = 60
        unsafe mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &seconds)
        unsafe mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &seconds)
        let flags = UInt(CLIENT_MULTI_STATEMENTS)
        guard unsafe mysql_real_connect(handle, nil, "root", nil, nil, 0, socket, flags) != nil,
            unsafe mysql_real_query(handle, statements, UInt(statements.utf8.count)) == 0
        else { throw unsafe Unexpected(String(cString: mysql_error(handle))) }
        var value: String?
        var status: Int32 = 0
        repeat {
            if let result = unsafe mysql_store_result(handle) {
                while let row = unsafe mysql_fetch_row(result) {
                    value = unsafe row[0].map { unsafe String(cString: $0) }
                }
                unsafe mysql_free_result(result)
            }
            status = unsafe mysql_next_result(handle)
        } while status == 0
        guard status < 0 else { throw unsafe Unexpected(String(cString: mysql_error(handle))) }
        return value
    }
}
