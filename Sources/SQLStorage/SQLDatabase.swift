/// A database as the stores see it. A unit of work is one synchronous closure on one connection: nothing suspends
/// inside it, so nothing interleaves.
package protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }
    /// Runs `body` whole or not at all; when this returns, the change is durable. `body` may run more than once.
    func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Runs `body`, which must not write, on a consistent view.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws -> Result
    /// Lets work under way finish and closes every connection.
    func close() async
}

/// One connection, used by one thread. A statement is prepared once.
package protocol SQLConnection {
    /// Runs a statement with its values bound. Returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Int
    func query(_ statement: SQLStatement, _ values: [SQLValue]) throws -> [SQLRow]
    func close()
}

extension SQLConnection {
    /// Inserts unless the key is taken or the statement's condition forbids it. Returns whether it did.
    func insertIfAbsent(_ statement: SQLStatement, _ values: [SQLValue]) throws -> Bool {
        do { return try execute(statement, values) == 1 } catch is UniqueViolation { return false }
    }

    /// Updates or, where there is nothing to update, inserts: the databases word an upsert differently.
    func save(update: SQLStatement, insert: SQLStatement, _ values: [SQLValue]) throws {
        guard try execute(update, values) == 0 else { return }
        try execute(insert, values)
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
