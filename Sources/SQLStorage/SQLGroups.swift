import IdentityProvider

struct SQLGroups: GroupStore {
    let table: SQLTable

    func all() async throws -> [Group] {
        try await table.query(
            "user_groups.all", "SELECT document FROM user_groups WHERE issuer = ? ORDER BY name", [table.key]
        ).map { try $0.document(Group.self, 0) }
    }

    func save(_ group: Group) async throws {
        let values: [SQLValue] = [try .document(group), table.key, .text(group.name)]
        try await table.writeCached("user_groups.save") { connection in
            try connection.save(
                update: "UPDATE user_groups SET document = ? WHERE issuer = ? AND name = ?",
                insert: "INSERT INTO user_groups (document, issuer, name) VALUES (?, ?, ?)", values)
        }
    }

    func change(_ name: String, _ edit: @escaping @Sendable (inout Group) -> Void) async throws -> Group? {
        try await table.changeDocument(
            "user_groups.change", select: "SELECT document FROM user_groups WHERE issuer = ? AND name = ?",
            update: "UPDATE user_groups SET document = ? WHERE document = ? AND issuer = ? AND name = ?",
            .text(name), edit)
    }

    func delete(_ name: String) async throws {
        let values: [SQLValue] = [table.key, .text(name)]
        try await table.writeCached("user_groups.delete") { connection in
            try connection.execute("DELETE FROM user_groups WHERE issuer = ? AND name = ?", values)
        }
    }
}
