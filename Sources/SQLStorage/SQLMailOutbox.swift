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
        try await queue.due("id, sealed_mail, attempts, due_at, created_at, expires_at", at: now, limit: limit).map {
            row in
            WaitingMail(
                id: try row.id(0), sealedMail: try row.blob(1), attempts: try row.integer(2), dueAt: try row.date(3),
                createdAt: try row.date(4), expiresAt: try row.date(5))
        }
    }

    func lease(_ mail: WaitingMail, until end: Date, at now: Date) async throws -> WaitingMail? {
        guard try await queue.lease(entry(mail), until: end, at: now) else { return nil }
        return WaitingMail(
            id: mail.id, sealedMail: mail.sealedMail, attempts: mail.attempts + 1, dueAt: end,
            createdAt: mail.createdAt, expiresAt: mail.expiresAt)
    }

    func postpone(_ mail: WaitingMail, until moment: Date) async throws {
        try await queue.postpone(entry(mail), until: moment)
    }

    func remove(_ mail: WaitingMail) async throws { try await queue.remove(entry(mail)) }

    func depth(at now: Date) async throws -> Int { try await queue.depth(at: now) }

    private var queue: SQLQueue { SQLQueue(table: table, name: "mail_outbox") }

    private func entry(_ mail: WaitingMail) -> SQLQueue.Entry {
        SQLQueue.Entry(id: .id(mail.id), attempts: mail.attempts)
    }
}
