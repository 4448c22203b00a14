package import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle
import Tracing

/// Delivers what waits in the queue. Every node runs one; of all of them one delivers each event. What the receiver does
/// not take is tried again after growing pauses, for three days. Receivers do not wait for each other.
package struct WebhookService: Service {
    private let issuer: Issuer
    private let store: any WebhookStore
    private let urls: [String]
    private let sender: any WebhookSender
    private let signature: WebhookSignature
    private let interval: Duration
    private let now: @Sendable () -> Date

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

    /// Deliveries to one receiver at one time.
    package static let width = 4
    /// Between two looks at how many wait.
    private static let countInterval = Duration.seconds(15)
    /// Deliveries in one transaction that drops them.
    private static let batch = 500
    /// Seconds after which a node that took a delivery in hand is taken for dead: longer than any attempt may last.
    private static let lease: TimeInterval = 60

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await dropOthers()
            await withDiscardingTaskGroup { group in
                group.addTask { await measure() }
                for url in urls { group.addTask { await deliver(to: url) } }
            }
        }
    }

    /// What goes to a receiver that is not configured any more is dropped. Only at the start: of nodes that are started
    /// anew one by one, those that run yet do not know the latest receivers. What they add for former ones expires.
    private func dropOthers() async {
        do {
            while !Task.isCancelled, try await store.drop(exceptTo: urls, limit: Self.batch) == Self.batch {}
        } catch { Logger.current.error("the webhook queue cannot be cleared", metadata: ["cause": "\(error)"]) }
    }

    private func deliver(to url: String) async {
        while !Task.isCancelled {
            do {
                while !Task.isCancelled, try await deliverDue(to: url) > 0 {}
            } catch  where !(error is CancellationError) {
                Logger.current.error("the webhook queue cannot be read", metadata: ["cause": "\(error)"])
            } catch {}
            try? await Task.sleep(for: interval)
        }
    }

    private func measure() async {
        let depth = Measurements.webhooksDepth(of: issuer.identifier)
        while !Task.isCancelled {
            // That the storage does not answer is said by those who deliver.
            if let count = try? await store.depth(at: now()) { depth.record(count) }
            try? await Task.sleep(for: Self.countInterval)
        }
    }

    /// Returns how many deliveries it had in hand.
    private func deliverDue(to url: String) async throws -> Int {
        let due = try await store.due(to: url, at: now(), limit: Self.width)
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for delivery in due { group.addTask { try await deliver(delivery) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    /// Whether this node had it in hand.
    private func deliver(_ waiting: WebhookDelivery) async throws -> Bool {
        let moment = now()
        guard let leased = try await store.lease(waiting, until: moment.addingTimeInterval(Self.lease), at: moment)
        else { return false }
        do {
            try await withSpan("webhook.deliver", ofKind: .client) { _ in
                try await sender.send(leased, signature: signature.sign(leased.body, at: now()))
            }
            try await store.remove(leased)
        } catch {
            try await failed(leased, error)
        }
        return true
    }

    private func failed(_ delivery: WebhookDelivery, _ error: any Error) async throws {
        let next = now().addingTimeInterval(Self.pause(after: delivery.attempts))
        let isFinal = next >= delivery.expiresAt
        Logger.current.log(
            level: isFinal ? .error : .warning, isFinal ? "webhook given up" : "webhook not delivered, will try again",
            metadata: ["delivery": "\(delivery.id)", "attempt": "\(delivery.attempts)", "cause": "\(error)"])
        if isFinal { try await store.remove(delivery) } else { try await store.postpone(delivery, until: next) }
    }

    /// Seconds: 1, 2, 4 … an hour.
    static func pause(after attempts: Int) -> TimeInterval {
        min(3_600, Double(1 << min(max(attempts, 1) - 1, 12)))
    }
}
