import FoundationEssentials
import IdentityProvider
import JOSE

struct SQLKeys: KeyStore {
    let table: SQLTable

    func all() async throws -> [SigningKeyRecord] {
        try await table.query(
            "signing_keys.all",
            """
            SELECT id, algorithm, number, sealed_private_key, created_at, signs_from, signs_until, published_until
            FROM signing_keys WHERE issuer = ? ORDER BY algorithm, number
            """, [table.key]
        ).map { row in
            SigningKeyRecord(
                id: try row.text(0), algorithm: SignatureAlgorithm(rawValue: try row.text(1)),
                number: try row.integer(2), sealedPrivateKey: try row.blob(3), createdAt: try row.date(4),
                signsFrom: try row.date(5), signsUntil: try row.date(6), publishedUntil: try row.date(7))
        }
    }

    func insert(_ key: SigningKeyRecord) async throws -> Bool {
        let values: [SQLValue] = [
            table.key, .text(key.id), .text(key.algorithm.rawValue), .integer(key.number),
            .blob(key.sealedPrivateKey), .date(key.createdAt), .date(key.signsFrom), .date(key.signsUntil),
            .date(key.publishedUntil),
        ]
        return try await table.writeCached("signing_keys.insert") { connection in
            try connection.insertIfAbsent(
                """
                INSERT INTO signing_keys (issuer, id, algorithm, number, sealed_private_key, created_at, signs_from,
                    signs_until, published_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, values)
        }
    }

    func update(_ id: String, signsUntil: Date, publishedUntil: Date) async throws {
        let values: [SQLValue] = [.date(signsUntil), .date(publishedUntil), table.key, .text(id)]
        try await table.writeCached("signing_keys.update") { connection in
            try connection.execute(
                "UPDATE signing_keys SET signs_until = ?, published_until = ? WHERE issuer = ? AND id = ?", values)
        }
    }

    func delete(_ id: String) async throws {
        let values: [SQLValue] = [table.key, .text(id)]
        try await table.writeCached("signing_keys.delete") { connection in
            try connection.execute("DELETE FROM signing_keys WHERE issuer = ? AND id = ?", values)
        }
    }
}
