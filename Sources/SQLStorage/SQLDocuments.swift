import IdentityProvider

/// Documents of one kind, one per row, keyed by issuer and identifier. Every change invalidates the caches of all
/// nodes.
struct SQLDocuments<Document: Codable & Equatable & Sendable>: Sendable {
    let table: SQLTable
    /// The name of the table, and the first part of its operation names.
    let name: SQLStatement
    /// The column that holds the identifier.
    let column: SQLStatement
    let identifier: @Sendable (Document) -> String

    func all() async throws -> [Document] {
        try await table.query(
            "\(name.text).all", "SELECT document FROM \(name) WHERE issuer = ? ORDER BY \(column)", [table.key]
        ).map { try $0.document(Document.self, 0) }
    }

    func save(_ document: Document) async throws {
        let values: [SQLValue] = [try .document(document), table.key, .text(identifier(document))]
        try await table.writeCached("\(name.text).save") { [name, column] connection in
            try connection.save(
                update: "UPDATE \(name) SET document = ? WHERE issuer = ? AND \(column) = ?",
                insert: "INSERT INTO \(name) (document, issuer, \(column)) VALUES (?, ?, ?)", values)
        }
    }

    func change(
        _ identifier: String, _ edit: @escaping @Sendable (inout Document) -> Void
    ) async throws -> Document? {
        try await table.changeDocument(
            "\(name.text).change", select: "SELECT document FROM \(name) WHERE issuer = ? AND \(column) = ?",
            update: "UPDATE \(name) SET document = ? WHERE document = ? AND issuer = ? AND \(column) = ?",
            .text(identifier), edit)
    }

    func delete(_ identifier: String) async throws {
        let values: [SQLValue] = [table.key, .text(identifier)]
        try await table.writeCached("\(name.text).delete") { [name, column] connection in
            try connection.execute("DELETE FROM \(name) WHERE issuer = ? AND \(column) = ?", values)
        }
    }
}

extension SQLDocuments: RoleStore where Document == Role {
    init(roles table: SQLTable) { self.init(table: table, name: "roles", column: "name", identifier: \.name) }
}

extension SQLDocuments: GroupStore where Document == Group {
    init(groups table: SQLTable) { self.init(table: table, name: "user_groups", column: "name", identifier: \.name) }
}

extension SQLDocuments: AttributeStore where Document == Attribute {
    init(attributes table: SQLTable) {
        self.init(table: table, name: "attributes", column: "name", identifier: \.name)
    }
}

extension SQLDocuments: ResourceServerStore where Document == ResourceServer {
    init(resourceServers table: SQLTable) {
        self.init(table: table, name: "resource_servers", column: "identifier", identifier: \.identifier)
    }
}
