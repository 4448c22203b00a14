import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import IdentityProvider

/// Receivers of deliveries, one of which never responds.
private final class Receivers: WebhookSender {
    private struct State {
        var taken: [String: Int] = [:]
        var held = 0
        var mostHeld = 0
    }

    private let silent: String
    private let state = Mutex(State())

    init(silent: String) { self.silent = silent }

    func send(_ delivery: WebhookDelivery, signature: String) async throws {
        guard delivery.url == silent else {
            return state.withLock { $0.taken[delivery.url, default: 0] += 1 }
        }
        state.withLock { state in
            state.held += 1
            state.mostHeld = max(state.mostHeld, state.held)
        }
        defer { state.withLock { $0.held -= 1 } }
        // Waits until the task is canceled.
        for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(3_600)) }) {}
        throw CancellationError()
    }

    func taken(by url: String) -> Int { state.withLock { $0.taken[url, default: 0] } }
    var mostHeld: Int { state.withLock(\.mostHeld) }
}

@Suite("Queued webhooks")
struct WebhookServiceTests {
    private static let (silent, good, former) = (
        "https://silent.example/", "https://good.example/", "https://former.example/"
    )

    private func waiting(_ issuer: TestIssuer, to url: String) async throws -> Int {
        try await issuer.stores.webhooks.due(to: url, at: .distantFuture, limit: 1_000).count
    }

    @Test(
        "a silent receiver delays no other and holds at most four deliveries; a removed one gets nothing",
        arguments: TestEngine.allCases)
    func silentReceiver(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        try await issuer.queue(30, to: [Self.former, Self.silent, Self.good])
        let total = try await waiting(issuer, to: Self.good)
        #expect(total >= 30)
        let receivers = Receivers(silent: Self.silent)
        let service = WebhookService(
            issuer: issuer.issuer, store: issuer.stores.webhooks, urls: [Self.silent, Self.good], sender: receivers,
            signature: WebhookSignature(secret: "a-secret"), interval: .milliseconds(5),
            now: { [clock = issuer.clock] in clock.now })
        let running = Task { try await service.run() }
        try await until("the other receiver got every delivery") { receivers.taken(by: Self.good) == total }
        try await until("the silent receiver holds its share") { receivers.mostHeld == WebhookService.width }
        running.cancel()
        try await running.value
        #expect(receivers.mostHeld == WebhookService.width)
        #expect(receivers.taken(by: Self.former) == 0)
        #expect(try await issuer.stores.webhooks.depth(at: issuer.clock.now) == total)
        #expect(try await waiting(issuer, to: Self.former) == 0)
        #expect(try await waiting(issuer, to: Self.good) == 0)
        #expect(try await waiting(issuer, to: Self.silent) == total)
    }
}
