import FoundationEssentials
import HTTPTypes
import JOSE
import ServiceLifecycle
import Synchronization

extension Path {
    static let eventPoll = Path("/ssf/poll/{stream}")
    static func eventPoll(_ stream: Identifier<EventStream>) -> Path { eventPoll.with(stream.rawValue) }
}

/// Hands waiting events to the receiver that asks for them (RFC 8936).
struct PollEndpoint: Endpoint {
    private let receivers: ReceiverAuthenticator
    private let events: any SecurityEventStore
    private let signer: SecurityEventSigner
    private let audit: AuditLog
    private let waiting = WaitingPolls()
    private let patience: Duration
    private let now: @Sendable () -> Date
    let routes = [Route.signals(.post, .eventPoll)]

    /// `patience` is how long a poll waits for an event.
    init(
        _ core: Core, receivers: ReceiverAuthenticator, signer: SecurityEventSigner, patience: Duration = .seconds(30)
    ) {
        events = core.stores.securityEvents
        audit = core.audit
        now = core.now
        self.receivers = receivers
        self.signer = signer
        self.patience = patience
    }

    func respond(to request: Request) async throws -> Response {
        let receiver = try await receivers.receiver(request, to: .read)
        let stream = try await receivers.stream(request.variable, of: receiver)
        let poll = try PollRequest(request.document())
        guard stream.endpoint == nil else {
            throw OAuthError(
                code: .invalidRequest, description: "the events of this stream are pushed", status: .notFound)
        }
        try await settle(poll, stream)
        let batch = min(poll.maximumCount ?? Self.batch, Self.batch)
        // One more, to know whether others wait.
        let found = try await available(of: stream, to: receiver, limit: batch + 1, poll)
        if batch > 0, !found.isEmpty { try receivers.chargeEvents(to: receiver) }
        var sets = JSONObject()
        for event in found.prefix(batch) {
            sets[event.id.rawValue] = .string(try await signer.sign(event, for: receiver.client))
            // Signatures take a while, and others use this thread.
            await Task.yield()
        }
        var answer: JSONObject = ["sets": .object(sets)]
        if found.count > batch { answer["moreAvailable"] = true }
        return .json(answer).offering(receiver.nextNonce)
    }

    /// Removes what the receiver has taken or refused. Repeated, it removes nothing.
    private func settle(_ poll: PollRequest, _ stream: EventStream) async throws {
        let taken = try await events.acknowledge(poll.acknowledged, in: stream.id)
        if !taken.isEmpty { Measurements.countSecurityEvents(taken.count, "poll", "delivered") }
        let known = Set(try await events.acknowledge(poll.refused.map(\.event), in: stream.id))
        for (event, refusal) in poll.refused where known.contains(event) {
            refusal.record(event, over: stream, by: "poll", in: audit)
        }
    }

    /// Waits for events, between short queries that hold no connection (RFC 8936 §2.5). Returns none after `patience`,
    /// at shutdown, or if too many polls of this stream wait already.
    private func available(
        of stream: EventStream, to receiver: AuthenticatedReceiver, limit: Int, _ poll: PollRequest
    ) async throws -> [SecurityEvent] {
        var found = try await due(stream, limit)
        guard found.isEmpty, !poll.returnsImmediately, waiting.begin(stream.id) else { return found }
        defer { waiting.end(stream.id) }
        let end = ContinuousClock.now + patience
        while found.isEmpty, ContinuousClock.now < end, !Task.isShuttingDownGracefully {
            try await Task.sleep(for: min(Self.interval, patience))
            // It may have been paused, deleted or switched to push.
            let current = try await receivers.stream(stream.id.rawValue, of: receiver)
            if current.endpoint == nil { found = try await due(current, limit) }
        }
        return found
    }

    private func due(_ stream: EventStream, _ limit: Int) async throws -> [SecurityEvent] {
        switch stream.status {
        case .enabled: try await events.due(to: stream.id.rawValue, at: now(), limit: limit)
        case .paused: try await events.due(to: stream.id.rawValue, at: EventStream.noticesDueAt, limit: limit)
        case .disabled: []
        }
    }

    /// The maximum number of events in a response. Each of them is signed for it.
    static let batch = 50
    /// The time between queries of a poll that waits.
    private static let interval = Duration.milliseconds(500)
}

/// Counts the polls that wait on this node.
private final class WaitingPolls: Sendable {
    private let counts = Mutex<[Identifier<EventStream>: Int]>([:])
    private static let limit = 2

    /// Returns `false` if the stream has as many as it may.
    func begin(_ stream: Identifier<EventStream>) -> Bool {
        counts.withLock { counts in
            guard counts[stream, default: 0] < Self.limit else { return false }
            counts[stream, default: 0] += 1
            return true
        }
    }

    func end(_ stream: Identifier<EventStream>) {
        counts.withLock { counts in
            counts[stream, default: 0] -= 1
            if counts[stream] == 0 { counts[stream] = nil }
        }
    }
}
