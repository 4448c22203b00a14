import FoundationEssentials
import IdentityProvider

extension LogoutNotice: StoredOutboxItem {
    static let table: SQLStatement = "logout_notices"
    static let columns: [SQLStatement] = [
        "id", "client_id", "session_id", "user_id", "attempts", "due_at", "expires_at",
    ]
    static let destination: SQLStatement? = "client_id"

    init(_ row: SQLRow) throws {
        self.init(
            id: try row.id(0), client: try row.id(1), session: try row.id(2), user: try row.id(3),
            attempts: try row.integer(4), dueAt: try row.date(5), expiresAt: try row.date(6))
    }

    var values: [SQLValue] {
        [.id(id), .id(client), .id(session), .id(user), .integer(attempts), .date(dueAt), .date(expiresAt)]
    }
}

extension SQLOutbox: LogoutNoticeStore where Item == LogoutNotice {
    func clients(at now: Date) async throws -> [Identifier<Client>] {
        var (clients, last): ([Identifier<Client>], SQLValue) = ([], .text(""))
        // One row per client: one that is down may have many. No span, as for `due`.
        while let row = try await table.database.query(
            .local,
            """
            SELECT client_id, due_at FROM logout_notices WHERE issuer = ? AND client_id > ?
            ORDER BY client_id, due_at LIMIT 1
            """, [table.key, last]
        ).first {
            if try row.date(1) <= now { clients.append(try row.id(0)) }
            last = .text(try row.text(0))
        }
        return clients
    }

    func notices(of session: Identifier<Session>) async throws -> [LogoutNotice] {
        try await table.query(
            "logout_notices.of_session",
            """
            SELECT \(LogoutNotice.columns.joined()) FROM logout_notices
            WHERE issuer = ? AND session_id = ? ORDER BY client_id
            """, [table.key, .id(session)]
        ).map(LogoutNotice.init)
    }
}
