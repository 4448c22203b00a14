package import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle

/// Delivers audit events to webhook receivers, for at most three days.
package struct WebhookService: Service, Courier {
    private let issuer: Issuer
    private let store: any WebhookStore
    private let urls: [String]
    private let sender: any WebhookSender
    private let signature: WebhookSignature
    let interval: Duration
    let now: @Sendable () -> Date

    package init(
        issuer: Issuer, store: any WebhookStore, urls: [String], sender: any WebhookSender, signature: WebhookSignature,
        interval: Duration = .milliseconds(500), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.issuer = issuer
        self.store = store
        self.urls = Set(urls).sorted()
        self.sender = sender
        self.signature = signature
        self.interval = interval
        self.now = now
    }

    static let wording = CourierWording(
        item: "delivery", unreadable: "webhook queue cannot be read",
        retrying: "webhook not delivered, will try again", givenUp: "gave up delivering webhook")
    package static let width = 4
    static let lease: TimeInterval = 60
    static let firstPause: TimeInterval = 1
    /// Deliveries dropped per transaction.
    private static let batch = 500

    var source: any Outbox<WebhookDelivery> { store.queue }
    var depth: Gauge { Measurements.webhooksDepth(of: issuer.identifier) }

    package func run() async throws { await keepDelivering() }

    /// Drops deliveries to receivers that are no longer configured. Only at startup: during a rolling restart, nodes
    /// that still run don't know the latest receivers. What they add for former ones expires.
    func prepare() async {
        do {
            while !Task.isCancelled, try await store.drop(exceptTo: urls, limit: Self.batch) == Self.batch {}
        } catch { Logger.current.error("webhook queue cannot be cleared", metadata: ["cause": "\(error)"]) }
    }

    func destinations() -> [String?] { urls }

    /// Signs each attempt with its own time.
    func send(_ delivery: WebhookDelivery) async throws {
        try await sender.send(delivery, signature: signature.sign(delivery.body, at: now()))
    }
}
