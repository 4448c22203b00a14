import Foundation
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

@Suite("SQLite: locks held by other programs")
struct SQLiteLockTests {
    /// Opens the database on a separate thread, because it may wait.
    private static func open(_ path: String, patience: Duration) async throws -> SQLiteDatabase {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try SQLiteDatabase(path: path, patience: patience) })
            }
        }
    }

    // SQLite itself doesn't wait here.
    @Test("a program that is changing a new file's journal mode is waited for, up to a limit")
    func journal() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            var other: RunningScript? = try RunningScript("sqlite-writer", [path])
            try await until("the file is locked") { FileManager.default.fileExists(atPath: "\(path).locked") }
            async let patient = Self.open(path, patience: .seconds(60))
            let start = ContinuousClock.now
            await #expect(throws: StorageError.busy) { try await Self.open(path, patience: .milliseconds(300)) }
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            withExtendedLifetime(other) {}
            other = nil
            let database = try await patient
            _ = try await SQLBackend(database).migrate()
            await database.close()
        }
    }

    @Test("maintenance waits longer for another program than a request may")
    func maintenance() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            let (database, other) = (
                try SQLiteDatabase(path: path, patience: .milliseconds(20)), try SQLiteDatabase(path: path)
            )
            let lock = await HeldLock(of: other)
            async let done = database.maintain { try $0.query("SELECT 1", []) }
            for _ in 0..<10 {
                await #expect(throws: StorageError.busy) { try await database.transaction { _ in } }
            }
            try await lock.release()
            #expect(try await done == [SQLRow([1])])
            await database.close()
            await other.close()
        }
    }

    @Test("maintenance doesn't wait forever")
    func bound() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/martlet.db"
            let (database, other) = (
                try SQLiteDatabase(
                    path: path, patience: .milliseconds(10), maintenancePatience: .milliseconds(50)),
                try SQLiteDatabase(path: path)
            )
            let lock = await HeldLock(of: other)
            await #expect(throws: StorageError.busy) { try await database.maintain { _ in } }
            try await lock.release()
            await database.close()
            await other.close()
        }
    }
}
