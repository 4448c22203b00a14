import HTTPTypes
package import IdentityProvider

/// Delivers webhooks by POST.
package struct WebhookClient: WebhookSender {
    private let fetcher: any Fetcher
    private let policy: FetchPolicy

    /// `allowsPrivate` also permits addresses in private networks and on this machine.
    package init(_ fetcher: any Fetcher, allowsPrivate: Bool) {
        self.fetcher = fetcher
        policy = FetchPolicy(
            operation: "webhook.deliver", allowsPrivateNetworks: allowsPrivate, timeout: .seconds(10),
            maximumSize: 65_536, mediaTypes: [], caching: nil, propagatesTrace: true)
    }

    package func send(_ delivery: WebhookDelivery, signature: String) async throws {
        let headers: HTTPFields = [
            .contentType: "application/json", .delivery: delivery.id.rawValue, .signature: signature,
        ]
        let request = FetchRequest(.post, delivery.url, headers: headers, body: Array(delivery.body.utf8))
        _ = try await fetcher.fetch(request, under: policy)
    }
}

extension HTTPField.Name {
    fileprivate static let delivery = known("Martlet-Delivery")
    fileprivate static let signature = known("Martlet-Signature")
}
