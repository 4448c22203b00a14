import IdentityProvider
import JOSE

struct SQLUpstreams: UpstreamStore {
    let table: SQLTable

    func all() async throws -> [Upstream] {
        try await table.query(
            "upstreams.all", "SELECT document, sealed_secret FROM upstreams WHERE issuer = ? ORDER BY id", [table.key]
        ).map { try Upstream($0.object(0), sealedSecret: $0.optionalBlob(1)) }
    }

    func save(_ upstream: Upstream) async throws {
        let values: [SQLValue] = [
            .json(upstream.document), upstream.sealedSecret.map(SQLValue.blob) ?? .null, table.key, .id(upstream.id),
        ]
        try await table.writeCached("upstreams.save") { connection in
            try connection.save(
                update: "UPDATE upstreams SET document = ?, sealed_secret = ? WHERE issuer = ? AND id = ?",
                insert: "INSERT INTO upstreams (document, sealed_secret, issuer, id) VALUES (?, ?, ?, ?)", values)
        }
    }

    func delete(_ id: Identifier<Upstream>) async throws {
        let values: [SQLValue] = [table.key, .id(id)]
        try await table.writeCached("upstreams.delete") { connection in
            try connection.execute("DELETE FROM upstreams WHERE issuer = ? AND id = ?", values)
        }
    }
}
