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
        let values: [SQLValue] = [
            .json(client.metadata), (client.secret?.digest.bytes).map(SQLValue.blob) ?? .null,
            (client.secret?.sealed).map(SQLValue.blob) ?? .null, table.key, .id(client.id),
        ]
        try await table.writeCached("clients.save") { connection in
            try connection.save(
                update: """
                    UPDATE clients SET metadata = ?, secret_digest = ?, sealed_secret = ? WHERE issuer = ? AND id = ?
                    """,
                insert: """
                    INSERT INTO clients (metadata, secret_digest, sealed_secret, issuer, id) VALUES (?, ?, ?, ?, ?)
                    """, values)
        }
    }

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
