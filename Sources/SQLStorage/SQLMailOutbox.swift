import FoundationEssentials
import IdentityProvider

extension WaitingMail: StoredOutboxItem {
    static let table: SQLStatement = "mail_outbox"
    static let columns: [SQLStatement] = ["id", "sealed_mail", "attempts", "due_at", "created_at", "expires_at"]
    static let destination: SQLStatement? = nil

    init(_ row: SQLRow) throws {
        self.init(
            id: try row.id(0), sealedMail: try row.blob(1), attempts: try row.integer(2), dueAt: try row.date(3),
            createdAt: try row.date(4), expiresAt: try row.date(5))
    }

    var values: [SQLValue] {
        [.id(id), .blob(sealedMail), .integer(attempts), .date(dueAt), .date(createdAt), .date(expiresAt)]
    }
}

extension SQLOutbox: MailOutbox where Item == WaitingMail {
    func add(_ mail: WaitingMail) async throws {
        try await table.execute("mail_outbox.add", Self.insert, [table.key] + mail.values)
    }

    func add(
        _ mail: WaitingMail?, within shares: [MailShare], capacity: Int, at now: Date
    ) async throws -> MailAdmission {
        let issuer = table.key
        let hint = table.database.dialect.hint("mail_outbox_by_expiry")
        do {
            try await table.write("mail_outbox.add_within") { connection in
                let waiting = try connection.query(
                    "SELECT 1 FROM mail_outbox \(hint) WHERE issuer = ? AND expires_at > ? LIMIT 1 OFFSET ?",
                    [issuer, .date(now), .integer(capacity - 1)])
                guard waiting.isEmpty else { throw NotAdmitted(reason: .full) }
                // A fixed order prevents deadlocks between concurrent units of work.
                for share in shares.sorted(by: { $0.name < $1.name }) {
                    let count = try SQLAttempts.count(
                        share.name, at: now, expiresAt: share.endsAt, issuer, connection)
                    guard let count, count <= share.limit else { throw NotAdmitted(reason: .usedUp(share)) }
                }
                if let mail { try connection.execute(Self.insert, [issuer] + mail.values) }
            }
            return .added
        } catch let refusal as NotAdmitted { return refusal.reason }
    }
}

/// Thrown to roll back the counts.
private struct NotAdmitted: Error {
    let reason: MailAdmission
}
