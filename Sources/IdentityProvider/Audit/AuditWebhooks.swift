import FoundationEssentials
import JOSE

extension WebhookSettings {
    /// Seconds after which an event is no longer delivered.
    static let lifetime: TimeInterval = 3 * 86_400

    /// Returns one delivery per URL. Its identifier derives from the record's place in its chain, so a record that is
    /// stored again after a lost response is not sent twice.
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
