/// A database as the stores see it. A unit of work is one synchronous closure on one connection: nothing suspends
/// inside it, so nothing interleaves.
package protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }
    /// Whether what another node acknowledged may still be unknown to the one that is asked.
    var mayLag: Bool { get }
    /// How many units of work changed something and were committed: budgets are counted with it.
    var committedUnits: Int { get }
    /// A unit of work that is one statement. Returns how many rows it changed.
    func execute(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> Int
    /// A unit of work that is one query.
    func query(_ freshness: Freshness, _ statement: SQLStatement, _ values: [SQLValue]) async throws -> [SQLRow]
    /// Runs `body` whole or not at all; when this returns, the change is durable. `body` may run more than once.
    func transaction<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body`, which must not write, on a consistent view. `body` may run more than once.
    func read<Result: Sendable>(
        _ freshness: Freshness, _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body` on a consistent view for as long as it takes: no request waits for it.
    func survey<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body`, which may change the schema, for as long as it takes, while no other program on the same server does
    /// the like. Where the database commits each change of the schema by itself, a failure leaves what was done.
    func maintain<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Lets work under way finish and closes every connection.
    func close() async
}

/// How much of what other nodes of a cluster committed a unit of work must see.
package enum Freshness: Sendable {
    /// What the node that is asked has: enough for a change that is conditional, or fails on a key.
    case local
    /// All that any node acknowledged before: before something is believed not to be there.
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

/// One connection, used by one thread. A statement is prepared once.
package protocol SQLConnection: PooledConnection {
    /// Runs a statement with its values bound. Returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int
    /// Hands each row to `body` as it comes. What `body` throws ends it.
    func forEachRow(_ statement: SQLStatement, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws
}

extension SQLConnection {
    package func query(_ statement: SQLStatement, _ values: [SQLValue]) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        try forEachRow(statement, values) { rows.append($0) }
        return rows
    }

    /// Inserts unless the key is taken. Returns whether it did.
    func insertIfAbsent(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Bool {
        do { return try execute(statement, values) == 1 } catch is UniqueViolation { return false }
    }

    /// Updates or, where there is nothing to update, inserts: the databases word an upsert differently. Returns whether
    /// it inserted.
    @discardableResult
    func save(update: SQLStatement, insert: SQLStatement, _ values: [SQLValue]) throws -> Bool {
        guard try execute(update, values) == 0 else { return false }
        do { return try execute(insert, values) == 1 } catch let taken as UniqueViolation {
            // Somebody inserted it meanwhile; if there is still nothing to update, another key is taken.
            guard try execute(update, values) == 1 else { throw taken }
            return false
        }
    }
}

/// A row with this key is there already.
package struct UniqueViolation: Error {
    package init() {}
}

/// The schema forbids the change, or the statement is wrong: a defect of ours, which trying again does not mend.
package struct RefusedStatement: Error, CustomStringConvertible {
    package let description: String
    /// `reason` names tables and columns, never values.
    package init(_ reason: String) { description = reason }
}
