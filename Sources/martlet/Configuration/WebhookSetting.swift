import FoundationEssentials
import IdentityProvider

/// The webhook receivers and the secret that signs the events sent to them.
struct WebhookSetting {
    let settings: WebhookSettings
    let secret: String
    let allowsPrivate: Bool

    /// Returns `nil` without receivers.
    init?(_ values: inout SettingValues) {
        let urls = values.list(.webhooksURLs)
        let secret = values.text(.webhooksSecret)
        allowsPrivate = values.flag(.webhooksPrivateNetworks)
        let events = values.list(.webhooksEvents)
        settings = WebhookSettings(urls: urls, events: Set(events))
        self.secret = secret ?? ""
        for event in events where AuditEvent.Name(rawValue: event) == nil {
            values.report(.webhooksEvents, "unknown event \(event): \(Self.hint(event))")
        }
        guard !urls.isEmpty else { return nil }
        for (index, url) in urls.enumerated() {
            // The URL itself is left out, since it may contain a secret.
            if let reason = Self.mistake(url) { values.report(.webhooksURLs, "number \(index + 1) \(reason)") }
        }
        if self.secret.utf8.count < 32 {
            values.report(
                .webhooksSecret, "must have at least 32 characters; create one with `openssl rand -hex 32`")
        }
    }

    private static func hint(_ event: String) -> String {
        NearNames.hint(for: event, among: AuditEvent.Name.allCases.map(\.rawValue))
            ?? "see docs/audit.md for all events"
    }

    private static func mistake(_ text: String) -> String? {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, url.user() == nil else {
            return "must be a URL with a host and without a username"
        }
        let isLoopback = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        guard url.scheme == "https" || url.scheme == "http" && isLoopback else {
            return "must use https (http is allowed only for localhost)"
        }
        return nil
    }
}
