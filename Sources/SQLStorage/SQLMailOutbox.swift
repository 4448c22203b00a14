import FoundationEssentials
import IdentityProvider

struct SQLMailOutbox: MailOutbox {
    let table: SQLTable

    func add(_ mail: WaitingMail) async throws {
        try await table.execute(
            "mail_outbox.add",
            """
            INSERT INTO mail_outbox (issuer, id, sealed_mail, attempts, due_at, created_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                table.key, .id(mail.id), .blob(mail.sealedMail), .integer(mail.attempts), .date(mail.dueAt),
                .date(mail.createdAt), .date(mail.expiresAt),
            ])
    }

    func due(at now: Date, limit: Int) async throws -> [WaitingMail] {
        // Asked every second: a span for each would bury the others.
        try await table.database.query(
            .local,
            """
            SELECT id, sealed_mail, attempts, due_at, created_at, expires_at
            FROM mail_outbox \(table.database.dialect.hint("mail_outbox_by_due"))
            WHERE issuer = ? AND due_at <= ? ORDER BY due_at LIMIT ?
            """, [table.key, .date(now), .integer(limit)]
        ).map { row in
            WaitingMail(
                id: try row.id(0), sealedMail: try row.blob(1), attempts: try row.integer(2), dueAt: try row.date(3),
                createdAt: try row.date(4), expiresAt: try row.date(5))
        }
    }

    func lease(_ mail: WaitingMail, until end: Date, at now: Date) async throws -> WaitingMail? {
        let taken = try await table.execute(
            "mail_outbox.lease",
            """
            UPDATE mail_outbox SET attempts = attempts + 1, due_at = ?
            WHERE issuer = ? AND id = ? AND attempts = ? AND due_at <= ?
            """, [.date(end), table.key, .id(mail.id), .integer(mail.attempts), .date(now)])
        guard taken == 1 else { return nil }
        return WaitingMail(
            id: mail.id, sealedMail: mail.sealedMail, attempts: mail.attempts + 1, dueAt: end,
            createdAt: mail.createdAt, expiresAt: mail.expiresAt)
    }

    func postpone(_ mail: WaitingMail, until moment: Date) async throws {
        try await table.execute(
            "mail_outbox.postpone",
            "UPDATE mail_outbox SET due_at = ? WHERE issuer = ? AND id = ? AND attempts = ?",
            [.date(moment), table.key, .id(mail.id), .integer(mail.attempts)])
    }

    func remove(_ mail: WaitingMail) async throws {
        try await table.execute(
            "mail_outbox.remove", "DELETE FROM mail_outbox WHERE issuer = ? AND id = ? AND attempts = ?",
            [table.key, .id(mail.id), .integer(mail.attempts)])
    }

    func depth(at now: Date) async throws -> Int {
        try await table.query(
            "mail_outbox.depth",
            """
            SELECT COUNT(*) FROM mail_outbox \(table.database.dialect.hint("mail_outbox_by_expiry"))
            WHERE issuer = ? AND expires_at > ?
            """, [table.key, .date(now)]
        ).first?.integer(0) ?? 0
    }
}
