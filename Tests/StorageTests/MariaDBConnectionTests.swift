import Foundation
@testable import MariaDBDriver
import SQLStorage
import TestSupport
import Testing

@Suite("MariaDB: connecting, and required server settings")
struct MariaDBConnectionTests {
    private static func failure(of settings: MariaDBSettings) async -> StorageError? {
        let database = MariaDBDatabase(settings)
        var failure: StorageError?
        do { try await database.survey { _ in } } catch { failure = error as? StorageError }
        await database.close()
        return failure
    }

    @Test(
        "a session is in strict mode, READ COMMITTED and UTC",
        arguments: [
            ("SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'", .integer(1)), ("SELECT @@time_zone", .text("+00:00")),
            ("SELECT @@tx_isolation", .text("READ-COMMITTED")), ("SELECT @@autocommit", .integer(1)),
            ("SELECT @@character_set_client", .text("utf8mb4")), ("SELECT @@innodb_lock_wait_timeout", .integer(1)),
            ("SELECT @@max_statement_time = 2", .integer(1)), ("SELECT @@foreign_key_checks", .integer(1)),
        ] as [(SQLStatement, SQLValue)])
    func session(_ query: SQLStatement, _ value: SQLValue) async throws {
        let database = MariaDBDatabase(try MariaDBServer.shared.get().settings("sessions"))
        #expect(try await database.read { try $0.query(query, []) } == [SQLRow([value])])
        await database.close()
    }

    @Test("for a command that reads, the server refuses every change")
    func readOnly() async throws {
        let server = try MariaDBServer.shared.get()
        let settings = try server.settings("read_only")
        let owner = MariaDBDatabase(settings)
        try await owner.maintain { _ = try $0.execute("CREATE TABLE birds (name VARCHAR(20))", []) }
        let reader = MariaDBDatabase(settings, for: .reading)
        let insertion: SQLStatement = "INSERT INTO birds VALUES ('wren')"
        let refusals: [@Sendable () async throws -> Void] = [
            { _ = try await reader.execute(.local, insertion, []) },
            { _ = try await reader.transaction(.local) { try $0.execute(insertion, []) } },
            { try await reader.maintain { _ = try $0.execute(insertion, []) } },
            { try await reader.maintain { _ = try $0.execute("DROP TABLE birds", []) } },
        ]
        for refusal in refusals {
            let error = await #expect(throws: StorageError.self) { try await refusal() }
            #expect(error.map { "\($0)".contains("is read-only") } == true, "\(String(describing: error))")
        }
        #expect(try await reader.read { try $0.query("SELECT name FROM birds", []) } == [])
        #expect(try await reader.survey { try $0.query("SELECT name FROM birds", []) } == [])
        #expect(try await owner.execute(.local, insertion, []) == 1)
        await reader.close()
        await owner.close()
        try server.drop("read_only")
    }

    @Test("the configured number of connections is opened, and each prepares a statement once")
    func prepared() async throws {
        let server = try MariaDBServer()
        let database = MariaDBDatabase(try server.settings("prepared", options: "?connections=3"))
        _ = try await race(300) { number in try await database.read { try $0.query("SELECT ? + 1", [.integer(number)]) }
        }
        let counts = try await database.read { connection in
            try connection.query(
                """
                SELECT CAST(variable_value AS INTEGER) FROM information_schema.global_status
                WHERE variable_name IN ('COM_STMT_PREPARE', 'THREADS_CONNECTED') ORDER BY variable_name
                """, []
            ).map { try $0.integer(0) }
        }
        // On each connection: three statements that set it up, one of the race, and this one.
        #expect(counts[0] <= 3 * 6)
        #expect(counts[1] == 3)
        await database.close()
        try server.stop()
    }

    @Test("if the server admits fewer connections, those are used")
    func fewer() async throws {
        let server = try MariaDBServer(["--max-connections=10"])
        let database = MariaDBDatabase(try server.settings("fewer", options: "?connections=24"))
        // Longer than a program waits for an unavailable server.
        let end = ContinuousClock.now + .seconds(3)
        var answered = 0
        while ContinuousClock.now < end {
            _ = try await race(24) { number in try await database.read { try $0.query("SELECT 1", []) } }
            answered += 24
        }
        #expect(answered > 0)
        await database.close()
        try server.stop()
    }

    @Test("a Unix socket works without a network")
    func socket() async throws {
        let server = try MariaDBServer.shared.get()
        _ = try server.url("over_socket")
        let settings = try MariaDBSettings("mariadb+unix://martlet:wing%3A%2F%40%3F%25@\(server.socket)/over_socket")
        let database = MariaDBDatabase(settings)
        let rows = try await database.read { try $0.query("SELECT DATABASE()", []) }
        #expect(rows == [SQLRow([.text("over_socket")])])
        await database.close()
    }

    @Test("a wrong password or database is reported without the password")
    func notAdmitted() async throws {
        let port = try MariaDBServer.shared.get().port
        for url in [
            "mariadb://martlet:sesame@127.0.0.1:\(port)/sessions",
            "mariadb://martlet:wing%3A%2F%40%3F%25@127.0.0.1:\(port)/there_is_no_such",
        ] {
            let failure = try #require(await Self.failure(of: try MariaDBSettings(url)))
            guard case .notAdmitted(let reason) = failure else { throw Unexpected("\(failure)") }
            #expect(!"\(failure)".contains("sesame"))
            #expect(reason.contains("127.0.0.1:\(port)"))
        }
    }

    @Test("with TLS, the certificate must match the host and come from a trusted authority")
    func tls() async throws {
        try await withTemporaryFolder { folder in
            try TestAuthority(folder).issue("server", for: "127.0.0.1")
            try TestAuthority(folder).issue("elsewhere", for: "192.0.2.1")
            let server = try MariaDBServer(["--ssl-cert=\(folder)/server.crt", "--ssl-key=\(folder)/server.key"])
            let trusting = "?tls=verify&tls_ca=\(folder)/ca.crt&connections=2"
            let database = MariaDBDatabase(try server.settings("secured", options: trusting))
            let cipher = try await database.read { connection in
                try connection.query(
                    "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER'",
                    []
                ).first?.text(0)
            }
            #expect(cipher?.isEmpty == false)
            await database.close()

            let stranger = await Self.failure(of: try server.settings("secured", options: "?tls=verify"))
            guard case .notAdmitted = try #require(stranger) else { throw Unexpected("\(stranger as Any)") }
            try server.stop()

            let other = try MariaDBServer(["--ssl-cert=\(folder)/elsewhere.crt", "--ssl-key=\(folder)/elsewhere.key"])
            let wrongHost = await Self.failure(of: try other.settings("secured", options: trusting))
            guard case .notAdmitted = try #require(wrongHost) else { throw Unexpected("\(wrongHost as Any)") }
            try other.stop()

            let plain = await Self.failure(of: try MariaDBServer.shared.get().settings("secured", options: trusting))
            guard case .notAdmitted = try #require(plain) else { throw Unexpected("\(plain as Any)") }
        }
    }

    @Test(
        "a server that could lose acknowledged writes is refused",
        arguments: [
            (["--innodb-flush-log-at-trx-commit=2"], "innodb_flush_log_at_trx_commit is 2"),
            (["--log-bin=log", "--sync-binlog=0"], "sync_binlog is 0"),
            (["--log-bin=log", "--sync-binlog=1", "--binlog-format=STATEMENT"], "binlog_format is STATEMENT"),
        ])
    func unsuitable(_ options: [String], _ expected: String) async throws {
        let server = try MariaDBServer(options)
        let failure = await Self.failure(of: try server.settings("unsuitable"))
        guard case .unsuitable(let reason) = try #require(failure) else { throw Unexpected("\(failure as Any)") }
        #expect(reason.contains(expected))
        try server.stop()
    }

    @Test("a server with a durable binary log is accepted")
    func binaryLog() async throws {
        let server = try MariaDBServer(["--log-bin=log", "--sync-binlog=1"])
        #expect(await Self.failure(of: try server.settings("suitable")) == nil)
        try server.stop()
    }

    @Test(
        "a server that is too old, or not MariaDB, is refused",
        arguments: [
            ("10.5.29-MariaDB-0+deb11u1", false), ("8.0.36", false), ("10.6.0-MariaDB", true),
            ("11.8.3-MariaDB-deb13", true),
        ])
    func version(_ version: String, isGood: Bool) {
        do throws(StorageError) {
            try MariaDBRequirements.check(version: version, flush: 1, log: nil)
            #expect(isGood)
        } catch {
            #expect(!isGood)
            #expect("\(error)".contains(version))
        }
    }

    @Test(
        "parsing a storage URL",
        arguments: [
            ("mariadb://h/d", "h:3306", nil, nil, "d", true), ("mariadb://u@h:1/d", "h:1", "u", nil, "d", true),
            ("mariadb://u:p%40%3a@a,b:2,[::1]:3/d", "a:3306 b:2 [::1]:3", "u", "p@:", "d", true),
            ("mariadb://u:p@localhost,127.0.0.1/d", "localhost:3306 127.0.0.1:3306", "u", "p", "d", false),
            ("mariadb://h/d?tls=off", "h:3306", nil, nil, "d", false),
            ("mariadb+unix:///run/mysqld/mysqld.sock/d", "/run/mysqld/mysqld.sock", nil, nil, "d", false),
            ("mariadb+unix://u:p@/s/d", "/s", "u", "p", "d", false),
        ] as [(String, String, String?, String?, String, Bool)])
    func url(
        _ text: String, servers: String, user: String?, password: String?, database: String, isVerified: Bool
    ) throws {
        let settings = try MariaDBSettings(text)
        #expect(settings.servers.map(\.description).joined(separator: " ") == servers)
        #expect(settings.user == user)
        #expect(settings.password == password)
        #expect(settings.database == database)
        #expect((settings.transportSecurity != .off) == isVerified)
    }

    @Test(
        "an invalid URL is refused, and anything that may be a password is not repeated",
        arguments: [
            "mariadb://u:sesame@h", "mariadb://u:sesame@/d", "mariadb://u:sesame@h/", "mariadb://u:sesame@h:x/d",
            "mariadb://u:sesame@h:0/d", "mariadb://u:sesame%@h/d", "mariadb://u:sesame@h,/d",
            "mariadb+unix://u:sesame@sock/d", "mariadb://u:sesame@h/d?tls=maybe", "mariadb://u:sesame@h/d?what=1",
            "mariadb://u:sesame@h/d?connections=0", "mariadb://u:sesame@h/d?connections=2&connections=3",
            "mariadb://u:sesame@h/d?timeout=x", "mariadb://u:sesame@h/d?tls=off&tls_ca=f",
            "mariadb://u:sesame@h/d?tls_certificate=f", "mariadb://u:sesame@h/d?tls",
        ])
    func refused(_ text: String) {
        let error = #expect(throws: InvalidMariaDBURL.self) { try MariaDBSettings(text) }
        #expect(error?.reason.contains("sesame") == false)
    }
}

/// A certificate authority for loopback servers.
private struct TestAuthority {
    let folder: String

    init(_ folder: String) throws {
        self.folder = folder
        guard !FileManager.default.fileExists(atPath: "\(folder)/ca.crt") else { return }
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=Test authority", "-keyout", "\(folder)/ca.key", "-out", "\(folder)/ca.crt")
    }

    func issue(_ name: String, for address: String) throws {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=\(address)", "-addext", "subjectAltName=IP:\(address)", "-CA", "\(folder)/ca.crt", "-CAkey",
            "\(folder)/ca.key", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt")
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unexpected("openssl \(arguments[0]) failed") }
    }
}
