import Dispatch
import FoundationEssentials
import SQLStorage
import TestSupport
import Testing

@Suite("A unit of work: atomic, and durable when it returns")
struct UnitOfWorkTests {
    private struct Refusal: Error, Equatable { let number: Int }

    /// Runs `body` on a database with one table of numbers.
    private func withNumbers(
        _ backend: StorageBackend, _ body: (any SQLDatabase) async throws -> Void
    ) async throws {
        try await backend.withDatabase { database in
            try await database.transaction {
                _ = try $0.execute("CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY)", [])
            }
            try await body(database)
        }
    }

    private static func insert(_ number: Int, _ connection: any SQLConnection) throws {
        try connection.execute("INSERT INTO numbers (number) VALUES (?)", [.integer(number)])
    }

    private static func numbers(_ connection: any SQLConnection) throws -> [Int] {
        try connection.query("SELECT number FROM numbers ORDER BY number", []).map { try $0.integer(0) }
    }

    private static let removal: SQLStatement = "DELETE FROM numbers RETURNING number"

    private static func remove(_ connection: any SQLConnection) throws -> [Int] {
        try connection.query(removal, []).map { try $0.integer(0) }.sorted()
    }

    @Test("a failed unit doesn't undo those committed with it", arguments: StorageBackend.all)
    func neighbours(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database in
            let kept = try await race(300) { number -> Int? in
                do {
                    try await database.transaction { connection in
                        try Self.insert(number, connection)
                        guard number % 3 != 0 else { throw Refusal(number: number) }
                        // A failed statement whose error is caught doesn't undo the rest of the unit.
                        #expect(throws: UniqueViolation.self) { try Self.insert(number, connection) }
                    }
                    return number
                } catch let refusal as Refusal {
                    #expect(refusal.number == number)
                    return nil
                }
            }
            #expect(try await database.read(Self.numbers) == kept.compactMap(\.self).sorted())
            #expect(kept.count(where: { $0 == nil }) == 100)
        }
    }

    @Test("a unit returns its own result", arguments: StorageBackend.all)
    func results(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database in
            let seen = try await race(100) { number in
                let numbers = try await database.transaction { connection in
                    try Self.insert(number, connection)
                    return try Self.numbers(connection)
                }
                return (number, numbers)
            }
            #expect(seen.allSatisfy { number, numbers in numbers.contains(number) })
            #expect(try await database.read(Self.numbers) == Array(0..<100))
        }
    }

    @Test("a unit counts as a commit only if it changed something and was committed", arguments: StorageBackend.all)
    func counter(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database in
            let before = database.committedUnits
            _ = try await race(20) { number in try await database.transaction { try Self.insert(number, $0) } }
            _ = try await database.read(Self.numbers)
            try await database.transaction { _ = try $0.execute("DELETE FROM numbers WHERE number = -1", []) }
            await #expect(throws: Refusal(number: 1)) {
                try await database.transaction { connection in
                    try Self.insert(21, connection)
                    throw Refusal(number: 1)
                }
            }
            #expect(database.committedUnits == before + 20)
            #expect(try await database.transaction(Self.remove) == Array(0..<20))
            #expect(database.committedUnits == before + 21)
            #expect(try await database.transaction(Self.remove) == [])
            #expect(database.committedUnits == before + 21)
        }
    }

    @Test("a read can't write", arguments: StorageBackend.all)
    func readOnly(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database async throws in
            await #expect(throws: StorageError.self) { try await database.read { try Self.insert(1, $0) } }
            #expect(try await database.read(Self.numbers).isEmpty)
            try await database.transaction { try Self.insert(1, $0) }
            await #expect(throws: StorageError.self) { try await database.read { _ = try Self.remove($0) } }
            await #expect(throws: StorageError.self) { try await database.query(.local, Self.removal, []) }
            #expect(try await database.read(Self.numbers) == [1])
        }
    }

    @Test("a read sees a snapshot, whatever is committed during it", arguments: StorageBackend.all)
    func snapshot(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database in
            let (looked, look) = AsyncStream<Void>.makeStream()
            let committed = DispatchSemaphore(value: 0)
            async let views = database.read { connection in
                let before = try Self.numbers(connection)
                look.finish()
                committed.wait()
                return (before, try Self.numbers(connection))
            }
            for await _ in looked {}
            try await database.transaction { try Self.insert(1, $0) }
            committed.signal()
            #expect(try await views == ([], []))
            #expect(try await database.read(Self.numbers) == [1])
        }
    }

    @Test("a canceled task still learns the outcome of its work", arguments: StorageBackend.all)
    func cancellation(_ backend: StorageBackend) async throws {
        try await withNumbers(backend) { database in
            let tasks = (0..<50).map { number in
                Task { try await database.transaction { try Self.insert(number, $0) } }
            }
            for task in tasks { task.cancel() }
            for task in tasks { try await task.value }
            #expect(try await database.read(Self.numbers) == Array(0..<50))
        }
    }

    @Test("closing waits for accepted units, and loses no acknowledged one", arguments: StorageBackend.all)
    func closing(_ backend: StorageBackend) async throws {
        try await backend.withFolder { folder in
            let database = try backend.open(folder)
            try await database.transaction {
                _ = try $0.execute("CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY)", [])
            }
            async let outcomes = race(200) { number -> Int? in
                do {
                    try await database.transaction { try Self.insert(number, $0) }
                    return number
                } catch StorageError.closed { return nil }
            }
            await database.close()
            let kept = try await outcomes.compactMap(\.self).sorted()
            await #expect(throws: StorageError.closed) { try await database.read(Self.numbers) }
            await database.close()
            let again = try backend.open(folder)
            #expect(try await again.read(Self.numbers) == kept)
            await again.close()
        }
    }

    @Test("a change is visible at once on another connection", arguments: StorageBackend.all)
    func twoHandles(_ backend: StorageBackend) async throws {
        try await backend.withFolder { folder in
            let (server, command) = (try backend.open(folder), try backend.open(folder))
            try await server.transaction {
                _ = try $0.execute("CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY)", [])
            }
            _ = try await race(64) { number in
                let database = number % 2 == 0 ? server : command
                try await database.transaction { try Self.insert(number, $0) }
                let other = number % 2 == 0 ? command : server
                #expect(try await other.read(Self.numbers).contains(number))
            }
            await command.close()
            #expect(try await server.read(Self.numbers) == Array(0..<64))
            await server.close()
        }
    }

    @Test(
        "values survive storing and reading", arguments: StorageBackend.all,
        [
            .text(""), .text("\u{0}"), .text("'; DROP TABLE numbers; --"), .text("e\u{301}\u{1F426}"),
            .text(String(repeating: "x", count: 100_000)), .integer(.max), .integer(.min), .integer(0), .null,
            .blob([]), .blob([0]), .blob(Array(repeating: 255, count: 100_000)),
        ] as [SQLValue])
    func values(_ backend: StorageBackend, value: SQLValue) async throws {
        try await withNumbers(backend) { database async throws in
            #expect(try await database.read { try $0.query("SELECT ?", [value]) } == [SQLRow([value])])
        }
    }

    @Test("a statement with too few or too many values is refused", arguments: StorageBackend.all, [0, 2])
    func valueCount(_ backend: StorageBackend, count: Int) async throws {
        try await withNumbers(backend) { database in
            let values = Array(repeating: SQLValue.integer(1), count: count)
            await #expect(throws: RefusedStatement.self) {
                try await database.transaction { try $0.execute("INSERT INTO numbers (number) VALUES (?)", values) }
            }
        }
    }
}
