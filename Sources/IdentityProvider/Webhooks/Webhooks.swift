package import FoundationEssentials
import JOSE

/// Where audit events are sent besides the log, and which.
package struct WebhookSettings: Sendable {
    package let urls: [String]
    /// Names of events; all when it is empty.
    package let events: Set<String>

    package init(urls: [String], events: Set<String> = []) {
        self.urls = urls
        self.events = events
    }
}

/// An event on its way to one address.
package struct WebhookDelivery: OutboxItem, Hashable {
    package let id: Identifier<WebhookDelivery>
    package let url: String
    /// JSON: the same bytes at every attempt.
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
    /// Drops at most `limit` deliveries that go to none of `urls`. Returns how many it dropped.
    func drop(exceptTo urls: [String], limit: Int) async throws -> Int
}

/// Hands a signed body to its receiver. Throws unless the receiver took it.
package protocol WebhookSender: Sendable {
    func send(_ delivery: WebhookDelivery, signature: String) async throws
}
