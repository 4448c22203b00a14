import Foundation
import Glibc
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

@Suite("SQLite: the file and its failures")
struct SQLiteDatabaseTests {
    private static func mode(_ path: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    private static func change(_ path: String, mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private static func fill(_ bytes: Int, _ connection: any SQLConnection) throws {
        try connection.execute("INSERT INTO heap (content) VALUES (?)", [.blob(Array(repeating: 7, count: bytes))])
    }

    @Test("the database files are readable by their owner only")
    func mode() async throws {
        try await withTemporaryFolder { folder in
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            _ = try await SQLBackend(database).migrate()
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["martlet.db", "martlet.db-shm", "martlet.db-wal"])
            for file in files { #expect(try Self.mode("\(folder)/\(file)") == 0o600) }
            await database.close()
            // Closing empties the journal, so the file is the whole database.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["martlet.db"])
        }
    }

    @Test(
        "commits survive a power failure, and the schema is enforced",
        arguments: [
            ("PRAGMA synchronous", .integer(2)), ("PRAGMA foreign_keys", .integer(1)),
            ("PRAGMA journal_mode", .text("wal")), ("PRAGMA trusted_schema", .integer(0)),
        ] as [(SQLStatement, SQLValue)])
    func settings(_ setting: SQLStatement, _ value: SQLValue) async throws {
        try await withTemporaryFolder { folder in
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            #expect(try await database.transaction { try $0.query(setting, []) } == [SQLRow([value])])
            #expect(try await database.read { try $0.query(setting, []) } == [SQLRow([value])])
            await database.close()
        }
    }

    @Test("a missing directory, or a directory in place of the file, is reported")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/missing/martlet.db"
            #expect(throws: StorageError.cannotOpen(path)) { try SQLiteDatabase(path: path) }
            #expect(throws: StorageError.cannotOpen(folder)) { try SQLiteDatabase(path: folder) }
        }
    }

    @Test("a file that is not a database is left unchanged")
    func noDatabase() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/notes.txt"
            let content = Data(String(repeating: "Dear diary. ", count: 1_000).utf8)
            try content.write(to: URL(filePath: path))
            #expect(throws: StorageError.notADatabase(path)) { try SQLiteDatabase(path: path) }
            #expect(try Data(contentsOf: URL(filePath: path)) == content)
        }
    }

    @Test("an in-memory database is refused, because every connection would have its own")
    func memory() async throws {
        // SQLite interprets these names in its own way, but the files are created in the working directory.
        let path = ":memory:"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: StorageError.self) { try SQLiteDatabase(path: path) }
    }

    @Test("a damaged file is reported")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            let database = try SQLiteDatabase(path: path)
            _ = try await SQLBackend(database).migrate()
            await database.close()
            let file = try FileHandle(forUpdating: URL(filePath: path))
            let size = try file.seekToEnd()
            try file.seek(toOffset: 4_096)
            try file.write(contentsOf: Data(repeating: 0xAA, count: Int(size) - 4_096))
            try file.close()
            #expect(throws: StorageError.damaged(path)) { try SQLiteDatabase(path: path) }
        }
    }

    // In a separate process, which gives up its rights, because root ignores file modes.
    @Test("a file without write permission is reported")
    func readOnly() async throws {
        try await withTemporaryFolder { folder in
            await (try SQLiteDatabase(path: "\(folder)/martlet.db")).close()
            // In a folder where SQLite can create its other files, opening succeeds without an error.
            try Self.change(folder, mode: 0o777)
            try Self.change("\(folder)/martlet.db", mode: 0o444)
            await #expect(processExitsWith: .success) { [folder = folder as String] in
                seteuid(65_534)
                let path = "\(folder)/martlet.db"
                #expect(throws: StorageError.readOnly(path)) { try SQLiteDatabase(path: path) }
            }
        }
    }

    @Test("a directory without write permission is reported")
    func readOnlyDirectory() async throws {
        try await withTemporaryFolder { folder in
            try Self.change(folder, mode: 0o555)
            await #expect(processExitsWith: .success) { [folder = folder as String] in
                seteuid(65_534)
                let path = "\(folder)/martlet.db"
                #expect(throws: StorageError.cannotOpen(path)) { try SQLiteDatabase(path: path) }
            }
        }
    }

    @Test("a lock held too long by another program is reported, and then everything recovers")
    func locked() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            let (database, other) = (
                try SQLiteDatabase(path: path, patience: .milliseconds(20)), try SQLiteDatabase(path: path)
            )
            let lock = await HeldLock(of: other) {
                try $0.execute("CREATE TABLE theirs (value INTEGER)", [])
            }
            await #expect(throws: StorageError.busy) { try await database.transaction { _ in } }
            // Readers don't wait for a writer.
            #expect(try await database.read { try $0.query("SELECT 1", []) } == [SQLRow([1])])
            try await lock.release()
            try await database.transaction { _ = try $0.execute("INSERT INTO theirs VALUES (1)", []) }
            await database.close()
            await other.close()
        }
    }

    @Test("a full disk is reported and loses no acknowledged write, and everything recovers")
    func full() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            let database = try SQLiteDatabase(path: path)
            try await database.transaction {
                try $0.execute("CREATE TABLE heap (content BLOB)", [])
                _ = try $0.query("PRAGMA max_page_count = 64", [])
            }
            let outcomes = try await race(128) { _ in
                do {
                    try await database.transaction { try Self.fill(10_000, $0) }
                    return true
                } catch StorageError.full(path) { return false }
            }
            let kept = outcomes.count(where: \.self)
            #expect(kept < 128)
            let count: @Sendable (any SQLConnection) throws -> [SQLRow] = { connection in
                try connection.query("SELECT count(*) FROM heap", [])
            }
            #expect(try await database.read(count) == [SQLRow([.integer(kept)])])
            try await database.transaction { _ = try $0.query("PRAGMA max_page_count = 100000", []) }
            try await database.transaction { try Self.fill(1_000_000, $0) }
            #expect(try await database.read(count) == [SQLRow([.integer(kept + 1)])])
            await database.close()
        }
    }

    @Test(
        "every error is a sentence",
        arguments: [
            StorageError.cannotOpen("p"), .notADatabase("p"), .damaged("p"), .readOnly("p"), .full("p"), .busy,
            .slow, .closed, .failed("disk I/O error"), .unreachable("h:3306: refused"), .notAdmitted("h:3306: denied"),
            .unsuitable("it is old"), .uncertain, .foreignTables, .newerSchema(found: 2, known: 1),
            .changedMigration(1),
        ])
    func sentences(_ error: StorageError) {
        #expect(error.description.hasSuffix("."))
        #expect(!error.description.contains("\n"))
    }
}
