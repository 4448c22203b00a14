import FoundationEssentials
import IdentityProvider

extension SecurityEvent: StoredOutboxItem {
    static let table: SQLStatement = "security_events"
    static let columns: [SQLStatement] = ["id", "stream_id", "sealed_event", "attempts", "due_at", "expires_at"]
    static let destination: SQLStatement? = "stream_id"

    init(_ row: SQLRow) throws {
        self.init(
            id: try row.id(0), stream: try row.id(1), sealedClaims: try row.blob(2), attempts: try row.integer(3),
            dueAt: try row.date(4), expiresAt: try row.date(5))
    }

    var values: [SQLValue] {
        [.id(id), .id(stream), .blob(sealedClaims), .integer(attempts), .date(dueAt), .date(expiresAt)]
    }
}

extension SQLOutbox: SecurityEventStore where Item == SecurityEvent {
    func add(_ event: SecurityEvent) async throws {
        let issuer = table.key
        try await table.write("security_events.add") { connection in
            let streams = try connection.query(
                "SELECT 1 FROM event_streams WHERE issuer = ? AND id = ?", [issuer, .id(event.stream)])
            guard !streams.isEmpty,
                try Self.count(of: event.stream, issuer, connection) < SecurityEvent.maximumCount
            else { return }
            try connection.execute(Self.insert, [issuer] + event.values)
        }
    }

    func acknowledge(
        _ ids: [Identifier<SecurityEvent>], in stream: Identifier<EventStream>
    ) async throws -> [Identifier<SecurityEvent>] {
        guard !ids.isEmpty else { return [] }
        let issuer = table.key
        return try await table.write("security_events.acknowledge") { connection in
            // A fixed order prevents deadlocks between concurrent polls.
            try ids.sorted { $0.rawValue < $1.rawValue }.filter { id in
                try connection.execute(
                    "DELETE FROM security_events WHERE issuer = ? AND id = ? AND stream_id = ?",
                    [issuer, .id(id), .id(stream)]) == 1
            }
        }
    }

    func backlog(of stream: Identifier<EventStream>) async throws -> EventBacklog {
        let row = try await table.query(
            "security_events.backlog",
            "SELECT COUNT(*), MIN(expires_at) FROM security_events WHERE issuer = ? AND stream_id = ?",
            [table.key, .id(stream)]
        ).first
        return EventBacklog(count: try row?.integer(0) ?? 0, firstExpiry: try row?.optionalDate(1))
    }

    /// Adds the events of new audit records, in the transaction that stores them, to every stream that covers them.
    static func add(_ signals: [SealedSignal], _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        guard !signals.isEmpty else { return }
        let subscriptions = try connection.query(
            """
            SELECT event_streams.document, clients.metadata FROM event_streams
            JOIN clients ON clients.issuer = event_streams.issuer AND clients.id = event_streams.client_id
            WHERE event_streams.issuer = ?
            """, [issuer])
        for row in subscriptions {
            // What this version can't read receives nothing, like a former receiver.
            guard let stream = EventStream(document: try row.object(0), sealedAuthorization: nil),
                stream.status != .disabled, let receiver = try? Client(row.object(1)).eventReceiver
            else { continue }
            let wanted = signals.filter { stream.delivered.contains($0.signal.type) }
            guard !wanted.isEmpty else { continue }
            var room = SecurityEvent.maximumCount - (try count(of: stream.id, issuer, connection))
            for sealed in wanted where room > 0 {
                guard let user = sealed.signal.user,
                    try isCovered(user, in: stream.id, otherwise: receiver.coversEveryone, issuer, connection)
                else { continue }
                try connection.execute(insert, [issuer] + sealed.event(in: stream.id).values)
                room -= 1
            }
        }
        for sealed in signals where sealed.signal.type == .accountPurged {
            try connection.execute(
                "DELETE FROM event_subjects WHERE issuer = ? AND user_id = ?", [issuer, .id(sealed.signal.user)])
        }
    }

    private static func isCovered(
        _ user: Identifier<User>, in stream: Identifier<EventStream>, otherwise standard: Bool, _ issuer: SQLValue,
        _ connection: any SQLConnection
    ) throws -> Bool {
        try connection.query(
            "SELECT is_included FROM event_subjects WHERE issuer = ? AND stream_id = ? AND user_id = ?",
            [issuer, .id(stream), .id(user)]
        ).first.map { try $0.integer(0) == 1 } ?? standard
    }

    private static func count(
        of stream: Identifier<EventStream>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> Int {
        try connection.query(
            "SELECT COUNT(*) FROM security_events WHERE issuer = ? AND stream_id = ?", [issuer, .id(stream)]
        ).first?.integer(0) ?? 0
    }
}
