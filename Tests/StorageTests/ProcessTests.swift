import Foundation
import Glibc
import IdentityProvider
import SQLStorage
import SQLiteDriver
import Synchronization
import TestSupport
import Testing

@Suite("Several processes, and a killed one")
struct ProcessTests {
    @Test("what was acknowledged before a kill -9 is still there")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
                let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
                let storage = SQLBackend(database)
                _ = try await storage.migrate()
                let singleUse = storage.stores(for: try Issuer("https://id.example.com")).singleUse
                let log = unsafe open("\(folder)/acknowledged", O_CREAT | O_APPEND | O_WRONLY, 0o600)
                let acknowledged = Atomic(0)
                _ = try await race(64) { task in
                    for number in 0... {
                        let value = "\(task)-\(number)"
                        _ = try await singleUse.consume(value, for: .accessToken, until: moment)
                        let line = Array("\(value)\n".utf8)
                        _ = unsafe line.withUnsafeBytes { unsafe write(log, $0.baseAddress, $0.count) }
                        // Is killed while the others are in the middle of their work.
                        if acknowledged.add(1, ordering: .relaxed).newValue == 1_000 { kill(getpid(), SIGKILL) }
                    }
                }
            }
            let lines = try String(contentsOfFile: "\(folder)/acknowledged", encoding: .utf8).split(separator: "\n")
            #expect(lines.count >= 1_000)
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            let singleUse = SQLBackend(database).stores(for: try Issuer("https://id.example.com")).singleUse
            for line in lines {
                #expect(try await singleUse.isConsumed(String(line), for: .accessToken), "\(line)")
            }
            let check = try await database.transaction { try $0.query("PRAGMA integrity_check", []) }
            #expect(check == [SQLRow([.text("ok")])])
            await database.close()
        }
    }

    @Test("processes that start at once on a new file all find the complete schema")
    func migrateAtOnce() async throws {
        try await withTemporaryFolder { folder in
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        await #expect(processExitsWith: .success) { [folder = folder as String] in
                            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
                            let storage = SQLBackend(database)
                            _ = try await storage.migrate()
                            let stores = storage.stores(for: try Issuer("https://id.example.com"))
                            try await stores.roles.save(Role(name: "of \(getpid())", permissions: []))
                            await storage.close()
                        }
                    }
                }
            }
            let database = try SQLiteDatabase(path: "\(folder)/martlet.db")
            let stores = SQLBackend(database).stores(for: try Issuer("https://id.example.com"))
            #expect(try await stores.roles.all().count == 4)
            #expect(try await stores.upkeep.version() == 4)
            await database.close()
        }
    }
}
