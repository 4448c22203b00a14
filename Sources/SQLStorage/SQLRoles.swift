import IdentityProvider

struct SQLRoles: RoleStore {
    let table: SQLTable

    func all() async throws -> [Role] {
        try await table.query("roles.all", "SELECT document FROM roles WHERE issuer = ? ORDER BY name", [table.key])
            .map { try $0.document(Role.self, 0) }
    }

    func save(_ role: Role) async throws {
        let values: [SQLValue] = [try .document(role), table.key, .text(role.name)]
        try await table.writeCached("roles.save") { connection in
            try connection.save(
                update: "UPDATE roles SET document = ? WHERE issuer = ? AND name = ?",
                insert: "INSERT INTO roles (document, issuer, name) VALUES (?, ?, ?)", values)
        }
    }

    func change(_ name: String, _ edit: @escaping @Sendable (inout Role) -> Void) async throws -> Role? {
        try await table.changeDocument(
            "roles.change", select: "SELECT document FROM roles WHERE issuer = ? AND name = ?",
            update: "UPDATE roles SET document = ? WHERE document = ? AND issuer = ? AND name = ?", .text(name), edit)
    }

    func delete(_ name: String) async throws {
        let values: [SQLValue] = [table.key, .text(name)]
        try await table.writeCached("roles.delete") { connection in
            try connection.execute("DELETE FROM roles WHERE issuer = ? AND name = ?", values)
        }
    }
}
