import JOSE

extension SQLBackend {
    /// Writes all stored data, as of one moment, a line at a time. Secrets stay sealed under the keys that `masterKeys`
    /// names. Returns the number of rows. Throws `TransferError.oldSchema` if migrations are pending.
    package func export(
        masterKeys: [String], to write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> Int {
        guard try await pendingMigrations().isEmpty else { throw TransferError.oldSchema }
        let schema = schemaVersion
        return try await database.survey { connection in
            try write(TransferLine.head(.init(schema: schema, masterKeys: masterKeys)).bytes)
            var count = 0
            for table in TransferTable.all {
                try connection.forEachRow(table.select, []) { row in
                    try write(TransferLine.row(table: table, values: row.values).bytes)
                    count += 1
                }
            }
            try write(TransferLine.end(rows: count).bytes)
            return count
        }
    }

    /// Loads an export into an empty database, atomically. `next` returns a line without its terminator, or `nil` after
    /// the last one. Returns the number of rows. Throws `TransferError`.
    package func `import`(
        masterKeys: [String], from next: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Int {
        _ = try await migrate()
        let schema = schemaVersion
        return try await database.maintain { connection in
            for table in TransferTable.all where try !connection.query(table.any, []).isEmpty {
                throw TransferError.notEmpty
            }
            var reader = TransferReader(next: next)
            try reader.readHead(schema: schema, masterKeys: masterKeys)
            while let (table, values) = try reader.nextRow() {
                do { try connection.execute(table.insert(count: values.count), values) } catch is UniqueViolation {
                    throw TransferError.invalid(line: reader.line, reason: "duplicates an earlier row")
                } catch let refused as RefusedStatement {
                    throw TransferError.invalid(line: reader.line, reason: "does not match the schema: \(refused)")
                }
            }
            return reader.rows
        }
    }

    private var schemaVersion: Int { database.dialect.migrations.last?.version ?? 0 }
}

/// Reads an export line by line, and requires its end marker.
private struct TransferReader {
    let next: @Sendable () throws -> [UInt8]?
    private(set) var line = 0
    private(set) var rows = 0
    /// Whether the export comes from an older schema version, whose rows may have fewer values.
    private var isOlder = false

    init(next: @escaping @Sendable () throws -> [UInt8]?) { self.next = next }

    private mutating func nextLine() throws -> TransferLine {
        guard let bytes = try next() else { throw TransferError.cutOff(line: line) }
        line += 1
        do { return try TransferLine(parsing: bytes) } catch {
            throw TransferError.invalid(line: line, reason: error.reason)
        }
    }

    mutating func readHead(schema: Int, masterKeys: [String]) throws {
        guard case .head(let head) = try nextLine() else {
            throw TransferError.invalid(line: 1, reason: "is not the header of an export")
        }
        guard head.schema <= schema else { throw TransferError.newerSchema(found: head.schema, known: schema) }
        isOlder = head.schema < schema
        // An issuer without data keys derives the digests of secrets from the last master key, so that one must match.
        guard Set(head.masterKeys).isSubset(of: masterKeys), head.masterKeys.last == masterKeys.last else {
            throw TransferError.otherMasterKey
        }
    }

    /// Returns the next row, or `nil` at the end marker. The end marker must state the number of rows read.
    mutating func nextRow() throws -> (TransferTable, [SQLValue])? {
        switch try nextLine() {
        case .row(let table, let values):
            guard values.count == table.columns.count || isOlder else {
                throw TransferError.invalid(line: line, reason: "must have \(table.columns.count) values")
            }
            rows += 1
            return (table, values)
        case .end(let count):
            guard count == rows else { throw TransferError.cutOff(line: line) }
            guard try next() == nil else {
                throw TransferError.invalid(line: line + 1, reason: "follows the end marker")
            }
            return nil
        case .head: throw TransferError.invalid(line: line, reason: "is a second header")
        }
    }
}

/// A reason why nothing was exported or imported.
package enum TransferError: Error, Hashable, CustomStringConvertible {
    case oldSchema
    case notEmpty
    case newerSchema(found: Int, known: Int)
    case otherMasterKey
    case cutOff(line: Int)
    case invalid(line: Int, reason: String)

    package var description: String {
        switch self {
        case .oldSchema: "The schema is not up to date: run `martlet migrate` first."
        case .notEmpty: "The database already contains data: import into a new one. Nothing was changed."
        case .newerSchema(let found, let known):
            """
            The export has schema version \(found), but this program supports at most \(known): import it with the \
            version of Martlet that created it. Nothing was changed.
            """
        case .otherMasterKey:
            """
            The export is sealed under another master key: set master_key_file to the key file of the installation that \
            created it. Nothing was changed.
            """
        case .cutOff(let line):
            "The export is cut off after line \(line): create it again. Nothing was changed."
        case .invalid(let line, let reason): "Line \(line) \(reason). Nothing was changed."
        }
    }
}
