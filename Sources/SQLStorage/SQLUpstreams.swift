import IdentityProvider
import JOSE
import Logging

struct SQLUpstreams: UpstreamStore {
    let table: SQLTable

    func all() async throws -> [Upstream] {
        try await table.query(
            "upstreams.all", "SELECT id, document, sealed_secret FROM upstreams WHERE issuer = ? ORDER BY id",
            [table.key]
        ).compactMap(Self.upstream)
    }

    /// Returns `nil` for a document that this version can't read, such as one that a newer version stored: the other
    /// upstreams work on, and applying its resource file replaces it.
    private static func upstream(_ row: SQLRow) throws -> Upstream? {
        let id = try row.text(0)
        do { return try Upstream(row.object(1), sealedSecret: row.optionalBlob(2)) } catch {
            Logger.current.error(
                "an upstream can't be read, so nobody can sign in with it; apply its resource file again",
                metadata: ["upstream": "\(id)", "error": "\(error)"])
            return nil
        }
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
