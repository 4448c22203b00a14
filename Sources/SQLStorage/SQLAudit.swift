import FoundationEssentials
import IdentityProvider
import JOSE

struct SQLAudit: AuditStore {
    let table: SQLTable

    func append(
        _ entries: [AuditEntry], head: AuditHead, deliveries: [Int: [WebhookDelivery]], signals: [Int: SealedSignal]
    ) async throws {
        let issuer = table.key
        try await table.write("audit.append") { connection in
            var new: [SealedSignal] = []
            for entry in entries where try Self.insert(entry, issuer, connection) {
                // Only with a new record: the deliveries of a record that already exists may have been sent.
                for delivery in deliveries[entry.sequence] ?? [] {
                    try SQLOutbox.add(delivery, issuer, connection)
                }
                if let signal = signals[entry.sequence] { new.append(signal) }
            }
            try SQLOutbox.add(new, issuer, connection)
            try connection.save(
                update: """
                    UPDATE audit_chains SET last_sequence = ?, last_mac = ?, last_at = ?, seal = ?
                    WHERE issuer = ? AND node = ?
                    """,
                insert: """
                    INSERT INTO audit_chains (last_sequence, last_mac, last_at, seal, issuer, node)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                [
                    .integer(head.sequence), .blob(head.mac), .date(head.time), .blob(head.seal), issuer,
                    .id(head.node),
                ])
        }
    }

    /// Returns `false` if the record is already stored. Throws `AuditPlaceTaken` if another record has its sequence
    /// number.
    private static func insert(
        _ entry: AuditEntry, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Bool {
        let record = entry.record
        let isNew = try connection.insertIfAbsent(
            """
            INSERT INTO audit_records
                (issuer, node, sequence, recorded_at, event, user_id, client_id, trace_id, document, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issuer, .id(entry.node), .integer(entry.sequence), .date(record.time), .text(record.event),
                .text(record.user), .text(record.client), .text(record.trace), .text(entry.document),
                .blob(entry.mac),
            ])
        guard !isNew else { return true }
        let kept = try connection.query(
            "SELECT mac FROM audit_records WHERE issuer = ? AND node = ? AND sequence = ?",
            [issuer, .id(entry.node), .integer(entry.sequence)])
        guard try kept.first?.blob(0) == entry.mac else { throw AuditPlaceTaken() }
        return false
    }

    func heads(after moment: Date, limit: Int) async throws -> [AuditHead] {
        try await table.query(
            "audit.heads", "\(Self.chains) WHERE issuer = ? AND last_at > ? ORDER BY last_at DESC LIMIT ?",
            [table.key, .date(moment), .integer(limit)]
        ).map(Self.head)
    }

    func find(_ query: AuditQuery) async throws -> [AuditEntry] {
        var statement: SQLStatement = """
            SELECT node, sequence, document, mac FROM audit_records WHERE issuer = ? AND recorded_at >= ?
            AND recorded_at <= ?
            """
        let seen = query.after?.record.time
        var (start, end) = (query.since ?? .distantPast, query.until ?? .distantFuture)
        if query.isLatestFirst { end = min(end, seen ?? end) } else { start = max(start, seen ?? start) }
        var values: [SQLValue] = [table.key, .date(start), .date(end)]
        func add(_ condition: SQLStatement, _ value: String?) {
            guard let value else { return }
            statement = "\(statement) AND \(condition)"
            values.append(.text(value))
        }
        add("user_id = ?", query.user)
        add("client_id = ?", query.client)
        add("trace_id = ?", query.trace)
        if !query.events.isEmpty {
            let marks = query.events.map { _ in "?" as SQLStatement }.joined()
            statement = "\(statement) AND event IN (\(marks))"
            values += query.events.map { .text($0) }
        }
        let beyond: SQLStatement = query.isLatestFirst ? "<" : ">"
        if let last = query.after {
            statement = """
                \(statement) AND (recorded_at \(beyond) ? OR node \(beyond) ? OR (node = ? AND sequence \(beyond) ?))
                """
            values += [.date(last.record.time), .id(last.node), .id(last.node), .integer(last.sequence)]
        }
        let direction: SQLStatement = query.isLatestFirst ? "DESC" : "ASC"
        statement = """
            \(statement) ORDER BY recorded_at \(direction), node \(direction), sequence \(direction) LIMIT ?
            """
        return try await table.query("audit.find", statement, values + [.integer(query.limit)]).map(Self.entry)
    }

    func traces(beginningWith prefix: String, limit: Int) async throws -> [String] {
        try await table.query(
            "audit.traces",
            """
            SELECT DISTINCT trace_id FROM audit_records WHERE issuer = ? AND trace_id >= ? AND trace_id < ?
            ORDER BY trace_id LIMIT ?
            """,
            // `g` follows the hexadecimal digits.
            [table.key, .text(prefix), .text(prefix + "g"), .integer(limit)]
        ).map { try $0.text(0) }
    }

    func survey<Result: Sendable>(
        _ body: @escaping @Sendable ([AuditHead], ((AuditRow) throws -> Void) throws -> Void) throws -> Result
    ) async throws -> Result {
        let issuer = table.key
        return try await table.database.survey { connection in
            let heads = try connection.query("\(Self.chains) WHERE issuer = ? ORDER BY node", [issuer]).map(Self.head)
            return try body(heads) { take in
                try connection.forEachRow(
                    "\(Self.rows) WHERE issuer = ? ORDER BY node, sequence", [issuer]
                ) { row in try take(Self.row(row)) }
            }
        }
    }

    func chains(withRecordsUntil moment: Date, limit: Int) async throws -> [Identifier<AuditNode>] {
        // Looks only at the first remaining record of each chain, so that a chain with many old records can't crowd out
        // the others.
        try await table.query(
            "audit.old_chains",
            """
            SELECT audit_chains.node FROM audit_chains JOIN audit_records
                ON audit_records.issuer = audit_chains.issuer AND audit_records.node = audit_chains.node
                AND audit_records.sequence = audit_chains.removed_through + 1
            WHERE audit_chains.issuer = ? AND recorded_at <= ? ORDER BY recorded_at LIMIT ?
            """, [table.key, .date(moment), .integer(limit)]
        ).map { try $0.id(0) }
    }

    func head(of node: Identifier<AuditNode>) async throws -> AuditHead? {
        try await table.query(
            "audit.head", "\(Self.chains) WHERE issuer = ? AND node = ?", [table.key, .id(node)]
        ).first.map(Self.head)
    }

    func records(of node: Identifier<AuditNode>, after sequence: Int, limit: Int) async throws -> [AuditRow] {
        try await table.query(
            "audit.records", "\(Self.rows) WHERE issuer = ? AND node = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            [table.key, .id(node), .integer(sequence), .integer(limit)]
        ).map(Self.row)
    }

    func remove(_ removal: AuditRemoval, from node: Identifier<AuditNode>) async throws {
        let issuer = table.key
        try await table.write("audit.remove") { connection in
            // When several nodes remove records at once, the start of the chain must never move back.
            let isOurs = try connection.execute(
                """
                UPDATE audit_chains
                SET removed_through = ?, removed_mac = ?, removed_time = ?, removal_seal = ?
                WHERE issuer = ? AND node = ? AND removed_through < ?
                """,
                [
                    .integer(removal.through), .blob(removal.mac), removal.time.map(SQLValue.date) ?? .null,
                    .blob(removal.seal), issuer, .id(node),
                    .integer(removal.through),
                ])
            guard isOurs == 1 else { return }
            try connection.execute(
                "DELETE FROM audit_records WHERE issuer = ? AND node = ? AND sequence <= ?",
                [issuer, .id(node), .integer(removal.through)])
        }
    }

    func heads(endedBefore moment: Date, limit: Int) async throws -> [AuditHead] {
        try await table.query(
            "audit.ended",
            """
            \(Self.chains) WHERE issuer = ? AND last_at < ? AND removed_through = last_sequence ORDER BY last_at LIMIT ?
            """, [table.key, .date(moment), .integer(limit)]
        ).map(Self.head)
    }

    func forget(_ head: AuditHead) async throws {
        try await table.execute(
            "audit.forget",
            """
            DELETE FROM audit_chains
            WHERE issuer = ? AND node = ? AND last_sequence = ? AND removed_through = last_sequence
            """, [table.key, .id(head.node), .integer(head.sequence)])
    }

    private static let chains: SQLStatement = """
        SELECT node, last_sequence, last_mac, last_at, seal, removed_through, removed_mac, removal_seal, removed_time
        FROM audit_chains
        """

    private static let rows: SQLStatement = """
        SELECT node, sequence, document, mac, recorded_at, event, user_id, client_id, trace_id FROM audit_records
        """

    private static func head(_ row: SQLRow) throws -> AuditHead {
        let removed = try row.integer(5)
        return AuditHead(
            node: try row.id(0), sequence: try row.integer(1), mac: try row.blob(2), time: try row.date(3),
            seal: try row.blob(4),
            removal: removed == 0
                ? nil
                : AuditRemoval(
                    through: removed, mac: try row.optionalBlob(6) ?? [], time: try row.optionalDate(8),
                    seal: try row.optionalBlob(7) ?? []))
    }

    private static func entry(_ row: SQLRow) throws -> AuditEntry {
        let text = try row.text(2)
        guard let record = AuditRecord(document: try JSONObject(parsing: Array(text.utf8))) else {
            throw CorruptRow(column: 2)
        }
        return AuditEntry(
            node: try row.id(0), sequence: try row.integer(1), record: record, document: text, mac: try row.blob(3))
    }

    private static func row(_ row: SQLRow) throws -> AuditRow {
        AuditRow(
            node: try row.id(0), sequence: try row.integer(1), document: try row.text(2), mac: try row.blob(3),
            columns: AuditColumns(
                time: try row.date(4), event: try row.text(5), user: try row.optionalText(6),
                client: try row.optionalText(7), trace: try row.optionalText(8)))
    }
}

/// Another record has this sequence number: two nodes share a name, or the table was modified from outside.
struct AuditPlaceTaken: Error {}
