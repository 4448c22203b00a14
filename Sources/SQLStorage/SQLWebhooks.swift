import FoundationEssentials
import IdentityProvider

extension WebhookDelivery: StoredOutboxItem {
    static let table: SQLStatement = "webhook_deliveries"
    static let columns: [SQLStatement] = ["id", "url", "body", "attempts", "due_at", "expires_at"]
    static let destination: SQLStatement? = "url"

    init(_ row: SQLRow) throws {
        self.init(
            id: try row.id(0), url: try row.text(1), body: try row.text(2), attempts: try row.integer(3),
            dueAt: try row.date(4), expiresAt: try row.date(5))
    }

    var values: [SQLValue] {
        [.id(id), .text(url), .text(body), .integer(attempts), .date(dueAt), .date(expiresAt)]
    }
}

extension SQLOutbox: WebhookStore where Item == WebhookDelivery {
    /// Adds a delivery in the transaction that stores its audit record. If a batch is stored again, its records already
    /// exist, so no delivery is added twice.
    static func add(_ delivery: WebhookDelivery, _ issuer: SQLValue, _ connection: any SQLConnection) throws {
        _ = try connection.insertIfAbsent(insert, [issuer] + delivery.values)
    }

    func drop(exceptTo urls: [String], limit: Int) async throws -> Int {
        let isOther = urls.reduce("1 = 1" as SQLStatement) { condition, _ in "\(condition) AND url <> ?" }
        let others = try await due("id", at: .distantFuture, where: isOther, urls.map { .text($0) }, limit: limit)
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
}
