/// An `UPDATE` of the columns that changed. It applies only if the required columns still hold their expected values.
struct ColumnChanges {
    private var assignments: [SQLStatement] = []
    private var newValues: [SQLValue] = []
    private var conditions: [SQLStatement] = []
    private var oldValues: [SQLValue] = []

    /// Assigns `new` and requires `old`. Does nothing if the values are equal.
    mutating func set(_ column: SQLStatement, from old: SQLValue, to new: SQLValue) {
        guard old != new else { return }
        assign(column, new)
        require(column, old)
    }

    mutating func assign(_ column: SQLStatement, _ value: SQLValue) {
        assignments.append("\(column) = ?")
        newValues.append(value)
    }

    /// Requires the column to still hold `value`.
    mutating func require(_ column: SQLStatement, _ value: SQLValue) {
        guard value != .null else { return conditions.append("\(column) IS NULL") }
        conditions.append("\(column) = ?")
        oldValues.append(value)
    }

    var isEmpty: Bool { assignments.isEmpty }

    /// Updates the row with this issuer and `id`. Returns `false` if the row is gone or a requirement no longer holds.
    func update(_ table: SQLStatement, issuer: SQLValue, id: SQLValue, _ connection: any SQLConnection) throws -> Bool {
        let demands: [SQLStatement] = ["issuer = ?", "id = ?"] + conditions
        return try connection.execute(
            "UPDATE \(table) SET \(assignments.joined()) WHERE \(demands.joined(by: " AND "))",
            newValues + [issuer, id] + oldValues) == 1
    }
}
