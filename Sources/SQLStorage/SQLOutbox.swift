import FoundationEssentials
import IdentityProvider

/// An item stored as a row of its outbox's table. Besides the issuer and its own columns, each such table has `id`,
/// `attempts`, `due_at` and `expires_at`, and the indexes `<table>_by_due` and `<table>_by_expiry`.
protocol StoredOutboxItem: OutboxItem {
    static var table: SQLStatement { get }
    static var columns: [SQLStatement] { get }
    /// The column that holds the destination, or `nil` if there is only one destination.
    static var destination: SQLStatement? { get }

    /// Creates an item from a row of `columns`.
    init(_ row: SQLRow) throws
    /// The values of `columns`, in order.
    var values: [SQLValue] { get }
}

struct SQLOutbox<Item: StoredOutboxItem>: Outbox {
    let table: SQLTable

    private var name: String { Item.table.text }

    static var insert: SQLStatement {
        let marks = Item.columns.map { _ in "?" as SQLStatement }.joined()
        return "INSERT INTO \(Item.table) (issuer, \(Item.columns.joined())) VALUES (?, \(marks))"
    }

    func due(to destination: String?, at now: Date, limit: Int) async throws -> [Item] {
        var (condition, values): (SQLStatement, [SQLValue]) = ("1 = 1", [])
        if let destination, let column = Item.destination {
            (condition, values) = ("\(column) = ?", [.text(destination)])
        }
        return try await due(Item.columns.joined(), at: now, where: condition, values, limit: limit).map(Item.init)
    }

    /// Returns rows that are due and match `condition`, earliest first.
    func due(
        _ columns: SQLStatement, at now: Date, where condition: SQLStatement, _ values: [SQLValue], limit: Int
    ) async throws -> [SQLRow] {
        // No span: this runs every second, and its spans would bury the others.
        try await table.database.query(
            .local,
            """
            SELECT \(columns) FROM \(Item.table) \(table.database.dialect.hint("\(Item.table)_by_due"))
            WHERE issuer = ? AND due_at <= ? AND \(condition) ORDER BY due_at LIMIT ?
            """, [table.key, .date(now)] + values + [.integer(limit)])
    }

    func lease(_ item: Item, until end: Date, at now: Date) async throws -> Item? {
        let isLeased =
            try await table.execute(
                "\(name).lease",
                """
                UPDATE \(Item.table) SET attempts = attempts + 1, due_at = ?
                WHERE issuer = ? AND id = ? AND attempts = ? AND due_at <= ?
                """, [.date(end), table.key, .id(item.id), .integer(item.attempts), .date(now)]) == 1
        guard isLeased else { return nil }
        var leased = item
        leased.attempts += 1
        leased.dueAt = end
        return leased
    }

    func postpone(_ item: Item, until moment: Date) async throws {
        try await table.execute(
            "\(name).postpone",
            "UPDATE \(Item.table) SET due_at = ? WHERE issuer = ? AND id = ? AND attempts = ?",
            [.date(moment), table.key, .id(item.id), .integer(item.attempts)])
    }

    func remove(_ item: Item) async throws {
        try await table.execute(
            "\(name).remove", "DELETE FROM \(Item.table) WHERE issuer = ? AND id = ? AND attempts = ?",
            [table.key, .id(item.id), .integer(item.attempts)])
    }

    func depth(at now: Date) async throws -> Int {
        try await table.query(
            "\(name).depth",
            """
            SELECT COUNT(*) FROM \(Item.table) \(table.database.dialect.hint("\(Item.table)_by_expiry"))
            WHERE issuer = ? AND expires_at > ? AND (attempts > 0 OR due_at <= ?)
            """, [table.key, .date(now), .date(now)]
        ).first?.integer(0) ?? 0
    }
}
