import IdentityProvider

struct SQLEventStreams: EventStreamStore {
    let table: SQLTable

    func all() async throws -> [EventStream] {
        try await table.query(
            "event_streams.all", "\(Self.select) WHERE issuer = ? ORDER BY id", [table.key]
        ).map(Self.stream)
    }

    func find(_ id: Identifier<EventStream>) async throws -> EventStream? {
        try await table.find(
            "event_streams.find", "\(Self.select) WHERE issuer = ? AND id = ?", [table.key, .id(id)]
        ).map(Self.stream)
    }

    func stream(of client: Identifier<Client>) async throws -> EventStream? {
        try await table.find(
            "event_streams.of_client", "\(Self.select) WHERE issuer = ? AND client_id = ?", [table.key, .id(client)]
        ).map(Self.stream)
    }

    func add(_ stream: EventStream) async throws -> Bool {
        let values: [SQLValue] = [
            table.key, .id(stream.id), .id(stream.client), .json(stream.document), Self.secret(of: stream),
        ]
        return try await table.writeCached("event_streams.add") { connection in
            // The unique index on the client decides between concurrent calls.
            try connection.insertIfAbsent(
                "INSERT INTO event_streams (issuer, id, client_id, document, sealed_secret) VALUES (?, ?, ?, ?, ?)",
                values)
        }
    }

    func update(_ stored: EventStream, to stream: EventStream) async throws -> Bool {
        let key = table.key
        let values: [SQLValue] = [
            .json(stream.document), Self.secret(of: stream), key, .id(stored.id), .json(stored.document),
        ]
        return try await table.writeCached("event_streams.update") { connection in
            let isUpdated =
                try connection.execute(
                    """
                    UPDATE event_streams SET document = ?, sealed_secret = ?
                    WHERE issuer = ? AND id = ? AND document = ?
                    """, values) == 1
            if isUpdated, stream.status == .disabled { try Self.dropEvents(of: stream.id, key, connection) }
            return isUpdated
        }
    }

    func delete(_ id: Identifier<EventStream>) async throws -> Bool {
        let key = table.key
        return try await table.writeCached("event_streams.delete") { connection in
            try Self.dropEvents(of: id, key, connection)
            return try connection.execute("DELETE FROM event_streams WHERE issuer = ? AND id = ?", [key, .id(id)]) == 1
        }
    }

    func set(_ user: Identifier<User>, isIncluded: Bool, in stream: Identifier<EventStream>) async throws {
        let key = table.key
        try await table.write("event_subjects.set") { connection in
            let known = try connection.query(
                """
                SELECT 1 FROM users JOIN event_streams ON event_streams.issuer = users.issuer
                WHERE users.issuer = ? AND users.id = ? AND event_streams.id = ?
                """, [key, .id(user), .id(stream)])
            guard !known.isEmpty else { return }
            try connection.save(
                update: "UPDATE event_subjects SET is_included = ? WHERE issuer = ? AND stream_id = ? AND user_id = ?",
                insert: "INSERT INTO event_subjects (is_included, issuer, stream_id, user_id) VALUES (?, ?, ?, ?)",
                [.flag(isIncluded), key, .id(stream), .id(user)])
        }
    }

    private static func dropEvents(
        of stream: Identifier<EventStream>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            "DELETE FROM security_events WHERE issuer = ? AND stream_id = ?", [issuer, .id(stream)])
    }

    private static let select: SQLStatement = "SELECT document, sealed_secret FROM event_streams"

    private static func secret(of stream: EventStream) -> SQLValue {
        stream.sealedAuthorization.map(SQLValue.blob) ?? .null
    }

    /// Reads a row of `document, sealed_secret`.
    private static func stream(_ row: SQLRow) throws -> EventStream {
        guard let stream = EventStream(document: try row.object(0), sealedAuthorization: try row.optionalBlob(1)) else {
            throw CorruptRow(column: 0)
        }
        return stream
    }
}
