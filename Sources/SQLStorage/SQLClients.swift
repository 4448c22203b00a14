import IdentityProvider
import JOSE

struct SQLClients: ClientStore {
    let table: SQLTable

    func find(_ id: Identifier<Client>) async throws -> Client? {
        try await table.query(
            "clients.find", "SELECT metadata, secret_digest, sealed_secret FROM clients WHERE issuer = ? AND id = ?",
            [table.key, .id(id)]
        ).first.map(Self.client)
    }

    func all() async throws -> [Client] {
        try await table.query(
            "clients.all", "SELECT metadata, secret_digest, sealed_secret FROM clients WHERE issuer = ? ORDER BY id",
            [table.key]
        ).map(Self.client)
    }

    func save(_ client: Client) async throws {
        let values = Self.columns(client).map(\.value) + [table.key, .id(client.id)]
        try await table.writeCached("clients.save") { connection in
            try connection.save(
                update: """
                    UPDATE clients SET metadata = ?, secret_digest = ?, sealed_secret = ? WHERE issuer = ? AND id = ?
                    """, insert: Self.insert, values)
        }
    }

    func add(_ client: Client) async throws -> Bool {
        let values = Self.columns(client).map(\.value) + [table.key, .id(client.id)]
        return try await table.writeCached("clients.add") { try $0.insertIfAbsent(Self.insert, values) }
    }

    func update(_ stored: Client, to client: Client) async throws -> Bool {
        var changes = ColumnChanges()
        for (old, new) in zip(Self.columns(stored), Self.columns(client)) {
            if old.value != new.value { changes.assign(new.name, new.value) }
            // The metadata determines the form of the secret, so a change to either conflicts with a change to the
            // other.
            changes.require(old.name, old.value)
        }
        guard !changes.isEmpty else { return true }
        let issuer = table.key
        return try await table.writeCached("clients.update") { [changes] connection in
            try changes.update("clients", issuer: issuer, id: .id(client.id), connection)
        }
    }

    private static func columns(_ client: Client) -> [(name: SQLStatement, value: SQLValue)] {
        [
            ("metadata", .json(client.metadata)),
            ("secret_digest", (client.secret?.digest.bytes).map(SQLValue.blob) ?? .null),
            ("sealed_secret", (client.secret?.sealed).map(SQLValue.blob) ?? .null),
        ]
    }

    private static let insert: SQLStatement = """
        INSERT INTO clients (metadata, secret_digest, sealed_secret, issuer, id) VALUES (?, ?, ?, ?, ?)
        """

    func delete(_ id: Identifier<Client>) async throws {
        let values: [SQLValue] = [table.key, .id(id)]
        try await table.writeCached("clients.delete") { connection in
            try connection.execute("DELETE FROM clients WHERE issuer = ? AND id = ?", values)
        }
    }

    private static func client(_ row: SQLRow) throws -> Client {
        let secret = try row.optionalBlob(1).map { digest in
            ClientSecret(digest: SecretDigest(bytes: digest), sealed: try row.optionalBlob(2))
        }
        return try Client(row.object(0), secret: secret)
    }
}
