package import FoundationEssentials
import JOSE

/// The webhooks that receive audit events, and which events they receive.
package struct WebhookSettings: Sendable {
    package let urls: [String]
    /// The names of the events to send; all if empty.
    package let events: Set<String>

    package init(urls: [String], events: Set<String> = []) {
        self.urls = urls
        self.events = events
    }
}

/// An event to be delivered to one receiver.
package struct WebhookDelivery: OutboxItem, Hashable {
    package let id: Identifier<WebhookDelivery>
    package let url: String
    /// JSON, the same bytes in every attempt.
    package let body: String
    package var attempts: Int
    package var dueAt: Date
    package let expiresAt: Date

    package init(
        id: Identifier<WebhookDelivery>, url: String, body: String, attempts: Int = 0, dueAt: Date, expiresAt: Date
    ) {
        self.id = id
        self.url = url
        self.body = body
        self.attempts = attempts
        self.dueAt = dueAt
        self.expiresAt = expiresAt
    }
}

package protocol WebhookStore: Outbox<WebhookDelivery> {
    /// Drops at most `limit` deliveries to URLs other than `urls`. Returns how many it dropped.
    func drop(exceptTo urls: [String], limit: Int) async throws -> Int
}

/// Sends signed bodies to their receivers. Throws unless the receiver accepts the body.
package protocol WebhookSender: Sendable {
    func send(_ delivery: WebhookDelivery, signature: String) async throws
}
