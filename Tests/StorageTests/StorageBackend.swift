import Foundation
import IdentityProvider
import MariaDBDriver
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

/// A database engine that every storage suite runs on.
struct StorageBackend: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Opens the database of a folder; each call opens another connection to the same one.
    let open: @Sendable (_ folder: String) throws -> any SQLDatabase

    /// Deletes the database.
    let remove: @Sendable (_ folder: String) throws -> Void

    static let sqlite = StorageBackend(
        testDescription: "SQLite", open: { try SQLiteDatabase(path: "\($0)/martlet.db") }, remove: { _ in })
    static let mariaDB = StorageBackend(
        testDescription: "MariaDB",
        open: { MariaDBDatabase(try MariaDBServer.shared.get().settings(databaseName($0))) },
        remove: { try MariaDBServer.shared.get().drop(databaseName($0)) })
    static let all = [sqlite, mariaDB]

    static func databaseName(_ folder: String) -> String {
        "test_" + (folder.split(separator: "/").last ?? "").filter { $0 != "-" }.suffix(32).lowercased()
    }
}

extension StorageBackend {
    /// Runs `body` with a folder for a database.
    func withFolder(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            do { try await body(folder) } catch {
                try remove(folder)
                throw error
            }
            try remove(folder)
        }
    }

    /// Runs `body` on an empty database.
    func withDatabase(_ body: (any SQLDatabase) async throws -> Void) async throws {
        try await withFolder { folder in
            let database = try open(folder)
            try await body(database)
            await database.close()
        }
    }

    /// Runs `body` on a database with only its schema.
    func withBackend(_ body: (SQLBackend) async throws -> Void) async throws {
        try await withDatabase { database in
            let backend = SQLBackend(database)
            _ = try await backend.migrate()
            try await body(backend)
        }
    }

    /// Runs `body` on the stores of an issuer that has two users, alice and bob, and two clients, web and app.
    func withStores(_ body: (Stores) async throws -> Void) async throws {
        try await withBackend { backend in
            let stores = backend.stores(for: try Issuer("https://id.example.com"))
            try await stores.populate()
            try await body(stores)
        }
    }
}

/// Creates a folder for `body` and deletes it afterward.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-storage-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}
