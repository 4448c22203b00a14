import FoundationEssentials
import IdentityProvider

struct SQLMailOutbox: MailOutbox {
    let table: SQLTable

    private static let insert: SQLStatement = """
        INSERT INTO mail_outbox (issuer, id, sealed_mail, attempts, due_at, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """

    private func values(_ mail: WaitingMail) -> [SQLValue] {
        [
            table.key, .id(mail.id), .blob(mail.sealedMail), .integer(mail.attempts), .date(mail.dueAt),
            .date(mail.createdAt), .date(mail.expiresAt),
        ]
    }

    func add(_ mail: WaitingMail) async throws {
        try await table.execute("mail_outbox.add", Self.insert, values(mail))
    }

    func add(
        _ mail: WaitingMail?, within shares: [MailShare], capacity: Int, at now: Date
    ) async throws -> MailAdmission {
        let (issuer, values) = (table.key, mail.map(values))
        let hint = table.database.dialect.hint("mail_outbox_by_expiry")
        do {
            try await table.write("mail_outbox.add_within") { connection in
                let waiting = try connection.query(
                    "SELECT 1 FROM mail_outbox \(hint) WHERE issuer = ? AND expires_at > ? LIMIT 1 OFFSET ?",
                    [issuer, .date(now), .integer(capacity - 1)])
                guard waiting.isEmpty else { throw NotAdmitted(reason: .full) }
                // In one order, so that two units of work wait for each other instead of for ever.
                for share in shares.sorted(by: { $0.name < $1.name }) {
                    let count = try SQLAttempts.count(
                        share.name, at: now, expiresAt: share.endsAt, issuer, connection)
                    guard let count, count <= share.limit else { throw NotAdmitted(reason: .usedUp(share)) }
                }
                if let values { try connection.execute(Self.insert, values) }
            }
            return .added
        } catch let refusal as NotAdmitted { return refusal.reason }
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

/// Undoes what was counted.
private struct NotAdmitted: Error {
    let reason: MailAdmission
}
