import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle

/// Pushes waiting events, one lane per stream, so that a slow receiver delays no other.
struct EventTransmitter: Service, Courier {
    private let issuer: Issuer
    private let events: any SecurityEventStore
    private let streams: CachedEventStreams
    private let clients: CachedClients
    private let pusher: EventPusher
    let interval: Duration
    let now: @Sendable () -> Date

    init(_ core: Core, pusher: EventPusher, interval: Duration = .milliseconds(500)) {
        issuer = core.issuer
        events = core.stores.securityEvents
        streams = core.eventStreams
        clients = core.clients
        self.pusher = pusher
        self.interval = interval
        now = core.now
    }

    static let wording = CourierWording(
        item: "event", unreadable: "queue of security events cannot be read",
        retrying: "security event not delivered, will try again", givenUp: "gave up delivering security event")
    static let width = 4
    static let lease: TimeInterval = 60
    static let firstPause: TimeInterval = 1

    var source: any Outbox<SecurityEvent> { events.queue }
    var depth: Gauge { Measurements.securityEventsDepth(of: issuer.identifier) }

    func run() async throws { await keepDelivering() }

    func destinations() async throws -> [String?] {
        var ids: [String] = []
        for stream in try await streams.all() where try await receiver(of: stream) != nil {
            ids.append(stream.id.rawValue)
        }
        return ids
    }

    func send(_ event: SecurityEvent) async throws {
        // The stream may have been paused or redirected after the lane opened.
        guard let stream = try await streams.all().first(where: { $0.id == event.stream }),
            let client = try await receiver(of: stream)
        else { throw NotPushed() }
        try await pusher.push(event, over: stream, to: client)
    }

    func isFinal(_ error: any Error, of event: SecurityEvent) -> Bool { error is RefusedEvent }

    /// Returns the client of a stream that is pushed now.
    private func receiver(of stream: EventStream) async throws -> Client? {
        guard stream.endpoint != nil, stream.status == .enabled,
            let client = try await clients.findEnabled(stream.client), client.eventReceiver != nil
        else { return nil }
        return client
    }
}
