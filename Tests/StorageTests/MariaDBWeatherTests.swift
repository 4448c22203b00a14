import Dispatch
import Foundation
import Glibc
import MariaDBDriver
import SQLStorage
import Synchronization
import TestSupport
import Testing

@Suite(
    "MariaDB failures: requests fail fast and clearly, nothing is half done, and everything recovers by itself",
    .serialized)
struct MariaDBWeatherTests {
    /// Runs `body` on the database of a server that it may damage.
    private func withServer(
        _ options: [String] = [], _ body: (MariaDBServer, MariaDBDatabase) async throws -> Void
    ) async throws {
        let server = try MariaDBServer(options)
        let database = MariaDBDatabase(try server.settings("weather"))
        try await database.transaction {
            _ = try $0.execute(
                """
                CREATE TABLE pairs (number BIGINT NOT NULL, side BIGINT NOT NULL, content LONGBLOB,
                    total BIGINT NOT NULL DEFAULT 0)
                """, [])
            try $0.execute("CREATE UNIQUE INDEX pairs_by_number ON pairs (number, side)", [])
        }
        try await body(server, database)
        await database.close()
        try server.stop()
    }

    /// Inserts both rows or none.
    private static func insertPair(_ number: Int, _ connection: any SQLConnection) throws {
        for side in 0...1 {
            try connection.execute(
                "INSERT INTO pairs (number, side) VALUES (?, ?)", [.integer(number), .integer(side)])
        }
    }

    private static func pairs(_ connection: any SQLConnection) throws -> [[Int]] {
        try connection.query("SELECT number, COUNT(*) FROM pairs GROUP BY number ORDER BY number", [])
            .map { [try $0.integer(0), try $0.integer(1)] }
    }

    /// A request waits two seconds; the rest allows for a busy machine.
    private func failsSoon(_ work: () async throws -> Void) async -> StorageError? {
        let start = ContinuousClock.now
        do {
            try await work()
            return nil
        } catch {
            #expect(ContinuousClock.now - start < .seconds(6))
            let storageError = error as? StorageError
            #expect(storageError != nil, "\(error)")
            return storageError
        }
    }

    @Test("a server that is down at startup is waited for")
    func downAtStart() async throws {
        let server = try MariaDBServer()
        let settings = try server.settings("later")
        try server.stop()
        let database = MariaDBDatabase(settings)
        for _ in 0..<3 {
            let error = await failsSoon { try await database.read { _ in } }
            guard case .unreachable(let reason) = try #require(error) else { throw Unexpected("\(error as Any)") }
            #expect(reason.contains("127.0.0.1:\(server.port)"))
        }
        // By now, the pool knows that waiting is useless.
        let refused = try await race(200) { _ in await failsSoon { try await database.read { _ in } } }
        #expect(refused.allSatisfy { $0 != nil })
        try server.start()
        try await until("it is back") { (try? await database.read { try $0.query("SELECT 1", []) }) != nil }
        await database.close()
        try server.stop()
    }

    @Test("a server killed during writes has everything acknowledged and nothing by halves")
    func killed() async throws {
        try await withServer { server, database in
            let acknowledged = Mutex<[Int]>([])
            let uncertain = Mutex<[Int]>([])
            let (half, halfway) = AsyncStream<Void>.makeStream()
            async let writing: [Void] = race(8) { task in
                for turn in 0..<200 {
                    let number = task * 1_000 + turn
                    do {
                        try await database.transaction { try Self.insertPair(number, $0) }
                        let count = acknowledged.withLock { numbers in
                            numbers.append(number)
                            return numbers.count
                        }
                        if count == 400 { halfway.finish() }
                    } catch let error as StorageError {
                        if error == .uncertain { uncertain.withLock { $0.append(number) } }
                    }
                }
            }
            for await _ in half {}
            try server.kill()
            let error = await failsSoon { try await database.transaction { try Self.insertPair(-1, $0) } }
            #expect(error != nil)
            try server.start()
            _ = try await writing
            try await until("it is back") { (try? await database.read { _ in }) != nil }
            let kept = try await database.read(Self.pairs)
            #expect(kept.allSatisfy { $0[1] == 2 })
            let numbers = Set(kept.map { $0[0] })
            let all = acknowledged.withLock { Set($0) }
            #expect(all.isSubset(of: numbers))
            #expect(numbers.subtracting(all).isSubset(of: Set(uncertain.withLock { $0 })))
        }
    }

    @Test("while a server hangs, requests fail; afterward, everything works again")
    func hanging() async throws {
        try await withServer { server, database in
            server.send(SIGSTOP)
            let errors = try await race(20) { number in
                await failsSoon { try await database.transaction { try Self.insertPair(number, $0) } }
            }
            #expect(errors.allSatisfy { $0 != nil })
            server.send(SIGCONT)
            try await until("it is back") {
                (try? await database.transaction { try Self.insertPair(100, $0) }) != nil
            }
            let kept = try await database.read(Self.pairs)
            #expect(kept.contains([100, 2]))
            #expect(kept.allSatisfy { $0[1] == 2 })
        }
    }

    @Test("a killed connection is not used again, and another one runs its unit")
    func killedConnection() async throws {
        try await withServer { server, database in
            let runs = Atomic(0)
            try await database.transaction { connection in
                try connection.execute("INSERT INTO pairs (number, side) VALUES (7, 0)", [])
                let own = try connection.query("SELECT CONNECTION_ID()", []).first?.integer(0) ?? 0
                if runs.add(1, ordering: .relaxed).newValue == 1 { try server.run("KILL \(own)") }
                try connection.execute("INSERT INTO pairs (number, side) VALUES (7, 1)", [])
            }
            #expect(runs.load(ordering: .relaxed) == 2)
            #expect(try await database.read(Self.pairs) == [[7, 2]])
        }
    }

    @Test("after a server restart, old connections cause no errors")
    func restart() async throws {
        try await withServer { server, database in
            for round in 0..<3 {
                // On all connections at once, so that each has been used.
                _ = try await race(16) { number in
                    try await database.execute(
                        .local, "INSERT INTO pairs (number, side) VALUES (?, 0)", [.integer(round * 100 + number)])
                }
                try server.stop()
                try server.start()
                // The connection that notices waits until the others are reopened.
                _ = try await race(16) { number in
                    try await database.execute(
                        .local, "INSERT INTO pairs (number, side) VALUES (?, 1)", [.integer(round * 100 + number)])
                }
            }
            #expect(try await database.read(Self.pairs).map { $0[1] } == Array(repeating: 2, count: 48))
        }
    }

    @Test("deadlocked units are all completed")
    func deadlock() async throws {
        try await withServer { _, database in
            try await database.transaction { connection in
                for number in 0..<4 { try Self.insertPair(number, connection) }
            }
            let meetings = Atomic(0)
            // Half of the tasks update the rows in one order, half in the other.
            _ = try await race(40) { task in
                try await database.transaction { connection in
                    meetings.add(1, ordering: .relaxed)
                    for number in task % 2 == 0 ? [0, 1, 2, 3] : [3, 2, 1, 0] {
                        try connection.execute(
                            "UPDATE pairs SET total = total + 1 WHERE number = ?", [.integer(number)])
                    }
                }
            }
            #expect(meetings.load(ordering: .relaxed) > 40, "no two transactions met")
            let totals = try await database.read { connection in
                try connection.query("SELECT total FROM pairs", []).map { try $0.integer(0) }
            }
            #expect(totals == Array(repeating: 40, count: 8))
        }
    }

    @Test("a lock held by another program is waited for up to the limit, and then nothing is written")
    func lockTimeout() async throws {
        try await withServer { server, database in
            try await database.transaction { try Self.insertPair(1, $0) }
            let other = MariaDBDatabase(try server.settings("weather"))
            let (held, hold) = AsyncStream<Void>.makeStream()
            let released = DispatchSemaphore(value: 0)
            async let holding: Void = other.maintain { connection in
                try connection.execute("UPDATE pairs SET content = 'theirs' WHERE number = 1", [])
                hold.finish()
                released.wait()
            }
            for await _ in held {}
            let error = await failsSoon {
                try await database.transaction { connection in
                    try Self.insertPair(2, connection)
                    try connection.execute("UPDATE pairs SET content = 'ours' WHERE number = 1", [])
                }
            }
            #expect(error != nil)
            released.signal()
            try await holding
            #expect(try await database.read(Self.pairs) == [[1, 2]])
            await other.close()
        }
    }

    private static let endless: SQLStatement = """
        SELECT COUNT(*) FROM seq_1_to_1000000 AS a JOIN seq_1_to_1000000 AS b ON a.seq + b.seq > 1
        """

    @Test("a statement that takes too long is stopped, and its connection stays in use")
    func slowStatement() async throws {
        try await withServer { _, database in
            let errors = try await race(8) { _ in
                await failsSoon { _ = try await database.read { try $0.query(Self.endless, []) } }
            }
            #expect(errors.allSatisfy { $0 != nil })
            try await until("it goes on") { (try? await database.read(Self.pairs)) == [] }
        }
    }

    @Test("a full disk is reported and loses no acknowledged write, and everything recovers")
    func full() async throws {
        // All tables are in one file with a fixed size.
        let options = ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:24M"]
        try await withServer(options) { server, database in
            let acknowledged = Mutex<[Int]>([])
            var failure: StorageError?
            for number in 0..<200 where failure == nil {
                do {
                    try await database.transaction { connection in
                        try connection.execute(
                            "INSERT INTO pairs (number, side, content) VALUES (?, 0, ?)",
                            [.integer(number), .blob(Array(repeating: 7, count: 200_000))])
                        try connection.execute("INSERT INTO pairs (number, side) VALUES (?, 1)", [.integer(number)])
                    }
                    acknowledged.withLock { $0.append(number) }
                } catch { failure = error as? StorageError }
            }
            guard case .full = try #require(failure) else { throw Unexpected("\(failure as Any)") }
            #expect(try await database.read(Self.pairs) == acknowledged.withLock { $0.map { [$0, 2] } })
            try server.stop()
            try server.start(["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend"])
            try await until("there is room again") {
                (try? await database.transaction { try Self.insertPair(1_000, $0) }) != nil
            }
        }
    }

    @Test("of several servers, the first that responds is used, and another one when it is gone")
    func failover() async throws {
        let servers = [try MariaDBServer(), try MariaDBServer()]
        for server in servers { _ = try server.url("several") }
        let password = "wing%3A%2F%40%3F%25"
        let settings = try MariaDBSettings(
            "mariadb://martlet:\(password)@127.0.0.1:\(freePort()),127.0.0.1:\(servers[0].port),"
                + "127.0.0.1:\(servers[1].port)/several?connections=3")
        let database = MariaDBDatabase(settings)
        let port: () async -> Int? = {
            try? await database.read { try $0.query("SELECT @@port", []).first?.integer(0) }
        }
        try await until("the first that answers is used") { await port() == servers[0].port }
        try servers[0].kill()
        try await until("the other one is used") { await port() == servers[1].port }
        try servers[0].start()
        try servers[1].stop()
        try await until("the first one is used again") { await port() == servers[0].port }
        await database.close()
        try servers[0].stop()
    }
}
