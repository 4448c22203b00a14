import FoundationEssentials
import IdentityProvider
import Tracing

/// What every store shares: the database, and the issuer whose rows it may access.
struct SQLTable: Sendable {
    let database: any SQLDatabase
    let issuer: String

    /// The issuer as a value of a statement.
    var key: SQLValue { .text(issuer) }

    func query(
        _ name: String, _ statement: SQLStatement, _ values: [SQLValue], seeing freshness: Freshness = .local
    ) async throws -> [SQLRow] {
        try await inSpan(name) { try await database.query(freshness, statement, values) }
    }

    /// Returns one row. On a miss, queries the latest state of all nodes: this node may lack a row that another node
    /// has just acknowledged.
    func find(_ name: String, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> SQLRow? {
        try await inSpan(name) {
            if let row = try await database.query(.local, statement, values).first { return row }
            return database.mayLag ? try await database.query(.latest, statement, values).first : nil
        }
    }

    /// Returns the number of rows changed. A statement that ends something must see everything that began before it,
    /// and passes `.latest`.
    @discardableResult
    func execute(
        _ name: String, _ statement: SQLStatement, _ values: [SQLValue], seeing freshness: Freshness = .local
    ) async throws -> Int {
        try await inSpan(name) { try await database.execute(freshness, statement, values) }
    }

    /// Deletes the rows of `user` in the table `name` that were added in `period`, and returns their number.
    func deleteRecent(
        _ name: SQLStatement, of user: Identifier<User>, addedIn period: ClosedRange<Date>
    ) async throws -> Int {
        try await execute(
            "\(name.text).delete_recent",
            "DELETE FROM \(name) WHERE issuer = ? AND user_id = ? AND created_at >= ? AND created_at <= ?",
            [key, .id(user), .date(period.lowerBound), .date(period.upperBound)], seeing: .latest)
    }

    /// Inserts a row unless its key is taken. Returns whether it inserted.
    @discardableResult
    func insertIfAbsent(_ name: String, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> Bool {
        do { return try await execute(name, statement, values) == 1 } catch is UniqueViolation { return false }
    }

    /// Runs several statements atomically.
    @discardableResult
    func write<Result: Sendable>(
        _ name: String, seeing freshness: Freshness = .local,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await inSpan(name) { try await database.transaction(freshness, body) }
    }

    /// Like `write`, and invalidates the caches of all nodes in the same transaction.
    @discardableResult
    func writeCached<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        let key = key
        return try await write(name) { connection in
            let result = try body(connection)
            try connection.save(
                update: "UPDATE changes SET version = version + 1 WHERE issuer = ?",
                insert: "INSERT INTO changes (issuer, version) VALUES (?, 1)", [key])
            return result
        }
    }

    /// Edits the current document of the row that `select` finds by issuer and `id`. `update` binds the new document
    /// and then the old one, and matches only a row that still holds the old one, so that no concurrent change is lost.
    /// Returns the new document, or `nil` if there is no such row or nothing changed.
    func changeDocument<Document: Codable & Equatable & Sendable>(
        _ name: String, select: SQLStatement, update: SQLStatement, _ id: SQLValue,
        _ edit: @escaping @Sendable (inout Document) -> Void
    ) async throws -> Document? {
        let key = key
        return try await writeCached(name) { connection in
            while let row = try connection.query(select, [key, id]).first {
                let stored = try row.document(Document.self, 0)
                var document = stored
                edit(&document)
                guard document != stored else { return nil }
                let values: [SQLValue] = [try .document(document), .text(try row.text(0)), key, id]
                if try connection.execute(update, values) == 1 { return document }
            }
            return nil
        }
    }

    /// Runs `attempt`. Runs it again on the latest state of all nodes unless `isSettled` accepts the first result.
    func retryingWithLatest<Result: Sendable>(
        _ name: String, until isSettled: @Sendable (Result) -> Bool,
        _ attempt: @Sendable (Freshness) async throws -> Result
    ) async throws -> Result {
        try await inSpan(name) {
            let result = try await attempt(.local)
            return isSettled(result) || !database.mayLag ? result : try await attempt(.latest)
        }
    }

    private func inSpan<Result>(_ name: String, _ work: () async throws -> Result) async throws -> Result {
        try await withSpan("sql \(name)", ofKind: .client) { span in
            if span.isRecording {
                span.attributes = [
                    "db.system.name": .string(database.dialect.systemName), "db.operation.name": .string(name),
                ]
            }
            return try await work()
        }
    }
}
