import Tracing

/// What every store has: the database, and the issuer whose rows it may touch.
struct SQLTable: Sendable {
    let database: any SQLDatabase
    let issuer: String

    /// The issuer as the first value of every statement.
    var key: SQLValue { .text(issuer) }

    func read<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await withSpan("sql \(name)", ofKind: .client) { span in
            describe(span, name)
            return try await database.read(body)
        }
    }

    /// As `read`, and asks again before it believes that there is nothing: a node of a cluster may not have yet what
    /// another one answered a moment ago.
    func find<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable (any SQLConnection) throws -> Result?
    ) async throws -> Result? {
        try await withSpan("sql \(name)", ofKind: .client) { span in
            describe(span, name)
            if let found = try await database.read(body) { return found }
            return database.mayLag ? try await database.read(.latest, body) : nil
        }
    }

    /// Makes a change, and tries it again on all that any node knows before it returns what `isSettled` does not hold
    /// for.
    func settle<Result: Sendable>(
        _ name: String, until isSettled: @Sendable (Result) -> Bool,
        _ attempt: @Sendable (Freshness) async throws -> Result
    ) async throws -> Result {
        try await withSpan("sql \(name)", ofKind: .client) { span in
            describe(span, name)
            let result = try await attempt(.local)
            return isSettled(result) || !database.mayLag ? result : try await attempt(.latest)
        }
    }

    /// What ends something must see all that began before: `.latest`.
    @discardableResult
    func write<Result: Sendable>(
        _ name: String, _ freshness: Freshness = .local,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await withSpan("sql \(name)", ofKind: .client) { span in
            describe(span, name)
            return try await database.transaction(freshness, body)
        }
    }

    /// As `write`, and tells all nodes that what they keep in memory may be stale, in the same transaction.
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

    private func describe(_ span: any Span, _ name: String) {
        span.attributes["db.system.name"] = database.dialect.systemName
        span.attributes["db.operation.name"] = name
    }
}
