import FoundationEssentials
import IdentityProvider

struct SQLConsents: ConsentStore {
    let table: SQLTable

    func find(user: Identifier<User>, client: Identifier<Client>) async throws -> Consent? {
        try await table.find(
            "consents.find",
            "SELECT scope, granted_at FROM consents WHERE issuer = ? AND user_id = ? AND client_id = ?",
            [table.key, .id(user), .id(client)]
        ).map { row in
            Consent(
                user: user, client: client, scope: Scope(try row.text(0).split(separator: " ").map(String.init)),
                grantedAt: try row.date(1))
        }
    }

    func consents(of user: Identifier<User>) async throws -> [Consent] {
        try await table.query(
            "consents.of_user",
            "SELECT client_id, scope, granted_at FROM consents WHERE issuer = ? AND user_id = ? ORDER BY client_id",
            [table.key, .id(user)]
        ).map { row in
            Consent(
                user: user, client: try row.id(0),
                scope: Scope(try row.text(1).split(separator: " ").map(String.init)), grantedAt: try row.date(2))
        }
    }

    func save(_ consent: Consent) async throws {
        let values: [SQLValue] = [
            .text(consent.scope.text), .date(consent.grantedAt), table.key, .id(consent.user), .id(consent.client),
        ]
        try await table.write("consents.save") { connection in
            try connection.save(
                update: """
                    UPDATE consents SET scope = ?, granted_at = ? WHERE issuer = ? AND user_id = ? AND client_id = ?
                    """,
                insert: """
                    INSERT INTO consents (scope, granted_at, issuer, user_id, client_id) VALUES (?, ?, ?, ?, ?)
                    """, values)
        }
    }

    func withdraw(user: Identifier<User>, client: Identifier<Client>) async throws {
        try await table.execute(
            "consents.withdraw", "DELETE FROM consents WHERE issuer = ? AND user_id = ? AND client_id = ?",
            [table.key, .id(user), .id(client)], seeing: .latest)
    }
}
