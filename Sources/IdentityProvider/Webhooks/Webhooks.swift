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
package struct WebhookDelivery: Sendable, Hashable {
    package let id: Identifier<WebhookDelivery>
    package let url: String
    /// JSON: the same bytes at every attempt.
    package let body: String
    /// How often somebody began to send it. Whoever begins raises it, and may go on while it stays so.
    package let attempts: Int
    /// When it may be tried; while somebody tries, when others may take it for abandoned.
    package let dueAt: Date
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

extension WebhookSettings {
    /// Seconds after which an event is of no use to the receiver any more.
    static let lifetime: TimeInterval = 3 * 86_400

    /// What a record is sent as. Its identifier follows from the record's place, so that a record that is stored again
    /// because an answer got lost is not sent twice.
    func deliveries(of entry: AuditEntry, from issuer: String) -> [WebhookDelivery] {
        guard events.isEmpty || events.contains(entry.record.event) else { return [] }
        return urls.enumerated().map { index, url in
            let id = "\(entry.node).\(entry.sequence).\(index)"
            var body: JSONObject = ["id": .string(id), "issuer": .string(issuer)]
            body.merge(entry.record.document)
            return WebhookDelivery(
                id: Identifier(rawValue: id), url: url, body: String(decoding: body.serialized(), as: UTF8.self),
                dueAt: entry.record.time, expiresAt: entry.record.time.addingTimeInterval(Self.lifetime))
        }
    }
}

package protocol WebhookStore: Sendable {
    /// What may be tried of what goes to `url`, the longest due first.
    func due(to url: String, at now: Date, limit: Int) async throws -> [WebhookDelivery]
    /// Drops at most `limit` deliveries that go to none of `urls`; returns how many.
    func drop(exceptTo urls: [String], limit: Int) async throws -> Int
    /// Takes what `due` returned in hand until a moment. Of all calls with one delivery exactly one returns it, however
    /// many run at once and on however many nodes.
    func lease(_ delivery: WebhookDelivery, until end: Date, at now: Date) async throws -> WebhookDelivery?
    /// Lets a leased delivery be tried again at a moment, unless another has taken it meanwhile.
    func postpone(_ delivery: WebhookDelivery, until moment: Date) async throws
    /// Removes a leased delivery, unless another has taken it meanwhile.
    func remove(_ delivery: WebhookDelivery) async throws
    /// How many wait, to whomever they go.
    func depth(at now: Date) async throws -> Int
}

/// Hands a signed body to its receiver. Throws unless the receiver took it.
package protocol WebhookSender: Sendable {
    func send(_ delivery: WebhookDelivery, signature: String) async throws
}
