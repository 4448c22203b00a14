import FoundationEssentials
import IdentityProvider

/// Where audit events are posted to, under which secret.
struct WebhookSetting {
    let settings: WebhookSettings
    let secret: String
    let allowsPrivate: Bool

    /// `nil` where nothing is posted.
    init?(_ values: inout SettingValues) {
        let urls = values.list(.webhooksURLs)
        let secret = values.text(.webhooksSecret)
        allowsPrivate = values.flag(.webhooksPrivateNetworks)
        let events = values.list(.webhooksEvents)
        settings = WebhookSettings(urls: urls, events: Set(events))
        self.secret = secret ?? ""
        for event in events where AuditEvent.Name(rawValue: event) == nil {
            values.report(.webhooksEvents, "there is no event \(event): \(Self.hint(event))")
        }
        guard !urls.isEmpty else { return nil }
        for (index, url) in urls.enumerated() {
            // Not the URL: receivers have secrets in theirs.
            if let reason = Self.mistake(url) { values.report(.webhooksURLs, "number \(index + 1) \(reason)") }
        }
        if self.secret.utf8.count < 32 {
            values.report(
                .webhooksSecret, "must have at least 32 characters; `openssl rand -base64 32` makes a good one")
        }
    }

    private static func hint(_ event: String) -> String {
        let near = NearNames.of(event, among: AuditEvent.Name.allCases.map(\.rawValue))
        return near.isEmpty ? "docs/audit.md lists them all" : "did you mean \(near.joined(separator: " or "))?"
    }

    private static func mistake(_ text: String) -> String? {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, url.user() == nil else {
            return "is not a URL with a host"
        }
        let isLoopback = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        guard url.scheme == "https" || url.scheme == "http" && isLoopback else {
            return "must be https (http only for localhost)"
        }
        return nil
    }
}
