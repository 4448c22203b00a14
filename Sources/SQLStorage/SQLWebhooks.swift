import FoundationEssentials
import IdentityProvider

struct SQLWebhooks: WebhookStore {
    let table: SQLTable

    /// Within the transaction that stores the record it tells of. What is there already, or was delivered already, is not
    /// added again by a batch that is stored again: that finds its records.
    static func add(_ delivery: WebhookDelivery, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        _ = try connection.insertIfAbsent(
            """
            INSERT INTO webhook_deliveries (issuer, id, url, body, attempts, due_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issuer, .id(delivery.id), .text(delivery.url), .text(delivery.body), .integer(delivery.attempts),
                .date(delivery.dueAt), .date(delivery.expiresAt),
            ])
    }

    func due(at now: Date, limit: Int) async throws -> [WebhookDelivery] {
        // Asked twice a second: a span for each would bury the others.
        try await table.database.query(
            .local,
            """
            SELECT id, url, body, attempts, due_at, expires_at
            FROM webhook_deliveries \(table.database.dialect.hint("webhook_deliveries_by_due"))
            WHERE issuer = ? AND due_at <= ? ORDER BY due_at LIMIT ?
            """, [table.key, .date(now), .integer(limit)]
        ).map { row in
            WebhookDelivery(
                id: try row.id(0), url: try row.text(1), body: try row.text(2), attempts: try row.integer(3),
                dueAt: try row.date(4), expiresAt: try row.date(5))
        }
    }

    func lease(_ delivery: WebhookDelivery, until end: Date, at now: Date) async throws -> WebhookDelivery? {
        let taken = try await table.execute(
            "webhooks.lease",
            """
            UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = ?
            WHERE issuer = ? AND id = ? AND attempts = ? AND due_at <= ?
            """, [.date(end), table.key, .id(delivery.id), .integer(delivery.attempts), .date(now)])
        guard taken == 1 else { return nil }
        return WebhookDelivery(
            id: delivery.id, url: delivery.url, body: delivery.body, attempts: delivery.attempts + 1, dueAt: end,
            expiresAt: delivery.expiresAt)
    }

    func postpone(_ delivery: WebhookDelivery, until moment: Date) async throws {
        try await table.execute(
            "webhooks.postpone",
            "UPDATE webhook_deliveries SET due_at = ? WHERE issuer = ? AND id = ? AND attempts = ?",
            [.date(moment), table.key, .id(delivery.id), .integer(delivery.attempts)])
    }

    func remove(_ delivery: WebhookDelivery) async throws {
        try await table.execute(
            "webhooks.remove", "DELETE FROM webhook_deliveries WHERE issuer = ? AND id = ? AND attempts = ?",
            [table.key, .id(delivery.id), .integer(delivery.attempts)])
    }
}
