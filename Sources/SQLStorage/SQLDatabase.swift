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

/// One connection, used by one thread.
package protocol SQLConnection {
    /// Runs a statement that is a literal, with its values bound. Returns how many rows it met.
    @discardableResult
    func execute(_ statement: String, _ values: [SQLValue]) throws -> Int
    func query(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow]
}

extension SQLConnection {
    /// Inserts unless the key is taken. Returns whether it did.
    func insertIfAbsent(_ statement: String, _ values: [SQLValue]) throws -> Bool {
        do {
            try execute(statement, values)
            return true
        } catch is UniqueViolation {
            return false
        }
    }

    /// Updates or, where there is nothing to update, inserts: the two databases word an upsert differently.
    func save(update: String, insert: String, _ values: [SQLValue]) throws {
        guard try execute(update, values) == 0 else { return }
        try execute(insert, values)
    }
}

/// Where the databases differ.
package enum SQLDialect: Sendable {
    case sqlite, mariaDB
}

/// A row with this key is there already.
package struct UniqueViolation: Error {
    package init() {}
}
