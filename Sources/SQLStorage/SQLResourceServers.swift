import IdentityProvider

struct SQLResourceServers: ResourceServerStore {
    let table: SQLTable

    func all() async throws -> [ResourceServer] {
        try await table.query(
            "resource_servers.all", "SELECT document FROM resource_servers WHERE issuer = ? ORDER BY identifier",
            [table.key]
        ).map { try $0.document(ResourceServer.self, 0) }
    }

    func save(_ server: ResourceServer) async throws {
        let values: [SQLValue] = [try .document(server), table.key, .text(server.identifier)]
        try await table.writeCached("resource_servers.save") { connection in
            try connection.save(
                update: "UPDATE resource_servers SET document = ? WHERE issuer = ? AND identifier = ?",
                insert: "INSERT INTO resource_servers (document, issuer, identifier) VALUES (?, ?, ?)", values)
        }
    }

    func delete(_ identifier: String) async throws {
        let values: [SQLValue] = [table.key, .text(identifier)]
        try await table.writeCached("resource_servers.delete") { connection in
            try connection.execute("DELETE FROM resource_servers WHERE issuer = ? AND identifier = ?", values)
        }
    }
}
