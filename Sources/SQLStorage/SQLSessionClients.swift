import FoundationEssentials
import IdentityProvider

/// The clients that got tokens in a session and are told when it ends. All functions run within a unit of work that has
/// changed the session's row, so that a client joins before the session ends or not at all.
enum SQLSessionClients {
    /// Rows of sessions that an older version of the program ended are removed this long after the session expires, in
    /// seconds.
    private static let slack: TimeInterval = 7 * 86_400

    /// Records that `client` got a token in `session`.
    static func join(
        _ session: Session, _ client: Identifier<Client>, interest: LogoutInterest, _ issuer: SQLValue,
        _ connection: any SQLConnection
    ) throws {
        let values: [SQLValue] = [
            .flag(interest.isNotified), .flag(interest.isNotifiedOfExpiry),
            .date(session.expiresAt.addingTimeInterval(slack)), issuer, .id(session.id), .id(client),
        ]
        try connection.save(
            update: """
                UPDATE session_clients SET is_notified = ?, is_notified_of_expiry = ?, expires_at = ?
                WHERE issuer = ? AND session_id = ? AND client_id = ?
                """,
            insert: """
                INSERT INTO session_clients
                    (is_notified, is_notified_of_expiry, expires_at, issuer, session_id, client_id)
                VALUES (?, ?, ?, ?, ?, ?)
                """, values)
    }

    /// Keeps the clients of a session that continues with a new expiry.
    static func keep(_ session: Session, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        for client in try clients(of: session.id, issuer, connection) {
            try connection.execute(
                "UPDATE session_clients SET expires_at = ? WHERE issuer = ? AND session_id = ? AND client_id = ?",
                [.date(session.expiresAt.addingTimeInterval(slack)), issuer, .id(session.id), .id(client.id)])
        }
    }

    /// Removes the clients of a session that has ended, queues the notices for them, and returns them. If `isExpiry`,
    /// only clients that asked for that are notified.
    static func leave(
        _ session: Identifier<Session>, of user: Identifier<User>, at now: Date, isExpiry: Bool = false,
        _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> [Identifier<Client>] {
        // Read first and deleted by key: deleting a range would lock the gaps into which other sessions insert.
        let clients = try clients(of: session, issuer, connection)
        for client in clients {
            try connection.execute(
                "DELETE FROM session_clients WHERE issuer = ? AND session_id = ? AND client_id = ?",
                [issuer, .id(session), .id(client.id)])
            guard isExpiry ? client.interest.isNotifiedOfExpiry : client.interest.isNotified else { continue }
            let notice = LogoutNotice(
                client: client.id, session: session, user: user, dueAt: now,
                expiresAt: now.addingTimeInterval(LogoutNotice.lifetime))
            try connection.execute(SQLOutbox<LogoutNotice>.insert, [issuer] + notice.values)
        }
        return clients.map(\.id)
    }

    static func clients(
        of session: Identifier<Session>, _ issuer: SQLValue, _ connection: any SQLConnection
    ) throws -> [(id: Identifier<Client>, interest: LogoutInterest)] {
        try connection.query(selection, [issuer, .id(session)]).map(client)
    }

    static let selection: SQLStatement = """
        SELECT client_id, is_notified, is_notified_of_expiry FROM session_clients
        WHERE issuer = ? AND session_id = ? ORDER BY client_id
        """

    static func client(_ row: SQLRow) throws -> (id: Identifier<Client>, interest: LogoutInterest) {
        (try row.id(0), LogoutInterest(isNotified: try row.flag(1), isNotifiedOfExpiry: try row.flag(2)))
    }
}
