import FoundationEssentials
import Logging
import Metrics
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import IdentityProvider

/// A courier that hands each item to the test.
private struct ParcelCourier: Courier {
    let source: any Outbox<WebhookDelivery>
    let now: @Sendable () -> Date
    var addresses: @Sendable () -> [String?] = { [CourierTests.good, CourierTests.slow] }
    let hand: @Sendable (WebhookDelivery) async throws -> Void

    let interval = Duration.milliseconds(5)
    let depth = Gauge(label: "test.parcels.depth")
    static let wording = CourierWording(
        item: "parcel", unreadable: "unreadable", retrying: "retrying", givenUp: "given up")
    static let width = 3
    static let lease: TimeInterval = 60
    static let firstPause: TimeInterval = 10

    func destinations() -> [String?] { addresses() }
    func send(_ item: WebhookDelivery) async throws { try await hand(item) }
    func isFinal(_ error: any Error, of item: WebhookDelivery) -> Bool { error is Refused }
}

private struct Refused: Error {}
private struct Away: Error {}

@Suite("Couriers deliver outbox items")
struct CourierTests {
    static let (good, slow) = ("https://good.example/", "https://slow.example/")

    private func courier(
        _ issuer: TestIssuer, _ hand: @escaping @Sendable (WebhookDelivery) async throws -> Void
    ) -> ParcelCourier {
        ParcelCourier(source: issuer.stores.webhooks.queue, now: { [clock = issuer.clock] in clock.now }, hand: hand)
    }

    /// Everything for `url`, even if it isn't due yet.
    private func waiting(_ issuer: TestIssuer, to url: String = good) async throws -> [WebhookDelivery] {
        try await issuer.stores.webhooks.due(to: url, at: .distantFuture, limit: 1_000)
    }

    @Test("of many nodes, exactly one sends each item", arguments: TestEngine.allCases)
    func manyNodes(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        try await issuer.queue(24, to: [Self.good])
        let all = Set(try await waiting(issuer).map(\.id))
        let sent = Mutex<[Identifier<WebhookDelivery>]>([])
        _ = try await race(6) { _ in
            let node = courier(issuer) { item in sent.withLock { $0.append(item.id) } }
            // A round leases nothing if other nodes were faster, even if items are left.
            while try await !waiting(issuer).isEmpty { _ = try await node.deliverDue(to: Self.good) }
        }
        let ids = sent.withLock(\.self)
        #expect(ids.count == all.count)
        #expect(Set(ids) == all)
    }

    @Test(
        "a late node can't remove or reschedule an item that another node took over", arguments: TestEngine.allCases,
        [true, false])
    func lateNode(_ engine: TestEngine, _ hasSent: Bool) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        try await issuer.queue(1, to: [Self.good])
        for surplus in try await waiting(issuer).dropFirst() { try await issuer.stores.webhooks.remove(surplus) }
        let (started, release) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        async let late = courier(issuer) { _ in
            started.continuation.finish()
            for await _ in release.stream {}
            if !hasSent { throw Away() }
        }.deliverDue(to: Self.good)
        for await _ in started.stream {}

        let tries = Mutex(0)
        let other = courier(issuer) { _ in
            tries.withLock { $0 += 1 }
            throw Away()
        }
        issuer.clock.advance(by: ParcelCourier.lease - 1)
        #expect(try await other.deliverDue(to: Self.good) == 0)
        issuer.clock.advance(by: 1)
        #expect(try await other.deliverDue(to: Self.good) == 1)
        #expect(tries.withLock(\.self) == 1)
        let postponed = try await waiting(issuer)
        release.continuation.finish()
        #expect(try await late == 1)
        // Neither removed nor rescheduled, because the other node owns it.
        #expect(try await waiting(issuer) == postponed)
        #expect(postponed.map(\.attempts) == [2])
    }

    @Test("a final error ends delivery immediately, any other error when the next attempt would be after expiry")
    func givenUp() async throws {
        let issuer = try await TestIssuer()
        try await issuer.queue(1, to: [Self.good, Self.slow])
        let attempts = Mutex(0)
        let refused = courier(issuer) { _ in throw Refused() }
        while try await refused.deliverDue(to: Self.slow) > 0 {}
        #expect(try await waiting(issuer, to: Self.slow).isEmpty)

        let item = try #require(try await waiting(issuer).first)
        let away = courier(issuer) { sent in
            if sent.id == item.id { attempts.withLock { $0 += 1 } }
            throw Away()
        }
        while let next = try await waiting(issuer).first {
            issuer.clock.advance(by: max(0, next.dueAt.timeIntervalSince(issuer.clock.now)))
            // The item last tried would next be due only after it expires.
            #expect(issuer.clock.now < next.expiresAt)
            _ = try await away.deliverDue(to: Self.good)
        }
        // Pauses of 10, 20 … 2560 seconds, and then an hour each, within three days.
        #expect(attempts.withLock(\.self) == 9 + 71)
    }

    @Test(
        "backoff doubles up to an hour",
        arguments: zip([0, 1, 2, 3, 9, 10, 1_000], [10.0, 10, 20, 40, 2_560, 3_600, 3_600]))
    func pauses(_ attempts: Int, _ seconds: Double) {
        #expect(ParcelCourier.pause(after: attempts) == seconds)
    }

    @Test("a slow destination doesn't delay others, and new destinations are served")
    func isolation() async throws {
        let issuer = try await TestIssuer()
        let new = "https://new.example/"
        let addresses = Mutex<[String?]>([Self.good, Self.slow])
        let held = Mutex(0)
        let taken = Mutex<[String: Int]>([:])
        var courier = courier(issuer) { item in
            guard item.url == Self.slow else { return taken.withLock { $0[item.url, default: 0] += 1 } }
            held.withLock { $0 += 1 }
            for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(3_600)) }) {}
            throw CancellationError()
        }
        courier.addresses = { addresses.withLock(\.self) }
        let running = Task { [courier] in await courier.keepDelivering() }
        try await issuer.queue(5, to: [Self.slow])
        try await until("the slow destination uses its full width") { held.withLock(\.self) == ParcelCourier.width }
        for _ in 0..<2 {
            try await issuer.queue(2, to: [Self.good])
            try await until("the other destination was served") { try await waiting(issuer).isEmpty }
        }
        try await issuer.queue(1, to: [new])
        addresses.withLock { $0.append(new) }
        try await until("the new destination was served") { try await waiting(issuer, to: new).isEmpty }
        running.cancel()
        await running.value
        #expect(held.withLock(\.self) == ParcelCourier.width)
        #expect(taken.withLock { $0[Self.good] } ?? 0 >= 4)
        #expect(taken.withLock { $0[new] } ?? 0 >= 1)
    }
}

extension TestIssuer {
    /// Records `count` events, each queued for all `urls`.
    func queue(_ count: Int, to urls: [String]) async throws {
        var settings = AuditSettings()
        settings.webhooks = WebhookSettings(urls: urls)
        let log = AuditLog(store: stores.audit, vault: vault, settings: settings, now: { [clock] in clock.now })
        for _ in 0..<count { log.record(.signedOut) }
        try await log.flush()
    }
}
