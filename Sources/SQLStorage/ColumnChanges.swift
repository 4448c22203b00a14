/// The columns of an `UPDATE` that sets only what differs, and only while nobody else has changed it.
struct ColumnChanges {
    private var assignments: [SQLStatement] = []
    private var newValues: [SQLValue] = []
    private var conditions: [SQLStatement] = []
    private var oldValues: [SQLValue] = []

    /// Sets the column unless both values are the same.
    mutating func set(_ column: SQLStatement, from old: SQLValue, to new: SQLValue) {
        guard old != new else { return }
        assign(column, new)
        require(column, old)
    }

    mutating func assign(_ column: SQLStatement, _ value: SQLValue) {
        assignments.append("\(column) = ?")
        newValues.append(value)
    }

    /// Demands that the column still has this value.
    mutating func require(_ column: SQLStatement, _ value: SQLValue) {
        guard value != .null else { return conditions.append("\(column) IS NULL") }
        conditions.append("\(column) = ?")
        oldValues.append(value)
    }

    var isEmpty: Bool { assignments.isEmpty }

    /// Changes the row with this issuer and `id`. Returns whether it still was as demanded.
    func update(_ table: SQLStatement, issuer: SQLValue, id: SQLValue, _ connection: any SQLConnection) throws -> Bool {
        let demands: [SQLStatement] = ["issuer = ?", "id = ?"] + conditions
        return try connection.execute(
            "UPDATE \(table) SET \(assignments.joined()) WHERE \(demands.joined(by: " AND "))",
            newValues + [issuer, id] + oldValues) == 1
    }
}
