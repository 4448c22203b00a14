/// A database as the stores see it. A unit of work is one synchronous closure on one connection: it cannot suspend, so
/// nothing interleaves.
package protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }
    /// Whether the queried node may lack changes that another node has acknowledged.
    var mayLag: Bool { get }
    /// The number of committed units of work that changed something. Commit budgets are checked against it.
    var committedUnits: Int { get }
    /// Runs one statement as a unit of work. Returns the number of rows changed.
    func execute(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> Int
    /// Runs one query as a unit of work.
    func query(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> [SQLRow]
    /// Runs `body` atomically. The change is durable when this returns. `body` may run more than once.
    func transaction<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body`, which must not write, on a consistent snapshot. `body` may run more than once.
    func read<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body` on a consistent snapshot, without a time limit and without delaying requests.
    func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body`, which may change the schema, without a time limit and while no other program on the same server
    /// does the same. If the database commits each schema change by itself, a failure leaves the earlier changes in
    /// place.
    func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Finishes the work in progress and closes every connection.
    func close() async
}

/// The commits of other cluster nodes that a unit of work must see.
package enum Freshness: Sendable {
    /// The state of the queried node. Sufficient for a change that is conditional or fails on a key.
    case local
    /// Everything that any node acknowledged earlier. Required before concluding that something does not exist.
    case latest
}

extension SQLDatabase {
    package func execute(
        _ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]
    ) async throws -> Int {
        try await transaction(freshness) { try $0.execute(statement, values) }
    }

    package func query(
        _ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]
    ) async throws -> [SQLRow] {
        try await read(freshness) { try $0.query(statement, values) }
    }

    package func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await transaction(.local, body)
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result {
        try await read(.local, body)
    }
}

/// A connection, used by one thread. Each statement is prepared once.
package protocol SQLConnection: PooledConnection {
    /// Runs a statement with bound values. Returns the number of rows changed.
    @discardableResult
    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int
    /// Passes each row to `body` as it arrives. Stops and rethrows if `body` throws.
    func forEachRow(_ statement: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws
}

extension SQLConnection {
    package func query(_ statement: SQLStatement, _ values: [SQLValue]) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        try forEachRow(statement, values) { rows.append($0) }
        return rows
    }

    /// Inserts a row unless its key is taken. Returns whether it inserted.
    func insertIfAbsent(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Bool {
        do { return try execute(statement, values) == 1 } catch is UniqueViolation { return false }
    }

    /// Updates a row, or inserts it if there is nothing to update: upsert syntax differs between databases. Both
    /// statements take the same values. Returns whether it inserted.
    @discardableResult
    func save(update: SQLStatement, insert: SQLStatement, _ values: [SQLValue]) throws -> Bool {
        guard try execute(update, values) == 0 else { return false }
        do { return try execute(insert, values) == 1 } catch let taken as UniqueViolation {
            // Another transaction inserted the row. If there is still nothing to update, a different key is taken.
            guard try execute(update, values) == 1 else { throw taken }
            return false
        }
    }
}

/// A row with this key already exists.
package struct UniqueViolation: Error {
    package init() {}
}

/// The statement is invalid or violates the schema. This is a bug in Martlet, so retrying does not help.
package struct RefusedStatement: Error, CustomStringConvertible {
    package let description: String
    /// `reason` may name tables and columns but never values.
    package init(_ reason: String) { description = reason }
}
