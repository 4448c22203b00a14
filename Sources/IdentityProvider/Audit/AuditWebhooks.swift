import FoundationEssentials
import JOSE

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

/// The destination of a delivery is its URL.
