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

    func due(to url: String, at now: Date, limit: Int) async throws -> [WebhookDelivery] {
        try await queue.due(
            "id, url, body, attempts, due_at, expires_at", at: now, where: "url = ?", [.text(url)], limit: limit
        ).map { row in
            WebhookDelivery(
                id: try row.id(0), url: try row.text(1), body: try row.text(2), attempts: try row.integer(3),
                dueAt: try row.date(4), expiresAt: try row.date(5))
        }
    }

    func drop(exceptTo urls: [String], limit: Int) async throws -> Int {
        let isOther = urls.reduce("1 = 1" as SQLStatement) { condition, _ in "\(condition) AND url <> ?" }
        let others = try await queue.due(
            "id", at: .distantFuture, where: isOther, urls.map { .text($0) }, limit: limit)
        guard !others.isEmpty else { return 0 }
        let issuer = table.key
        return try await table.write("webhook_deliveries.drop") { connection in
            try others.reduce(0) { count, row in
                try count
                    + connection.execute(
                        "DELETE FROM webhook_deliveries WHERE issuer = ? AND id = ?", [issuer] + row.values)
            }
        }
    }

    func lease(_ delivery: WebhookDelivery, until end: Date, at now: Date) async throws -> WebhookDelivery? {
        guard try await queue.lease(entry(delivery), until: end, at: now) else { return nil }
        return WebhookDelivery(
            id: delivery.id, url: delivery.url, body: delivery.body, attempts: delivery.attempts + 1, dueAt: end,
            expiresAt: delivery.expiresAt)
    }

    func postpone(_ delivery: WebhookDelivery, until moment: Date) async throws {
        try await queue.postpone(entry(delivery), until: moment)
    }

    func remove(_ delivery: WebhookDelivery) async throws { try await queue.remove(entry(delivery)) }

    func depth(at now: Date) async throws -> Int { try await queue.depth(at: now) }

    private var queue: SQLQueue { SQLQueue(table: table, name: "webhook_deliveries") }

    private func entry(_ delivery: WebhookDelivery) -> SQLQueue.Entry {
        SQLQueue.Entry(id: .id(delivery.id), attempts: delivery.attempts)
    }
}
