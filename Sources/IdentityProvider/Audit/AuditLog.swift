package import FoundationEssentials
import Logging
import Metrics
import Synchronization

/// The operator's settings for the audit log.
package struct AuditSettings: Sendable {
    /// How long records are kept, in seconds.
    package var retention: TimeInterval = 365 * 86_400
    /// Names of events that are not recorded.
    package var excluded: Set<String> = []
    package var machineTokens = MachineTokenRecording.perMinute
    /// The webhooks that also receive events.
    package var webhooks: WebhookSettings?

    /// Frequent events, which operators may exclude. All other events are always recorded.
    package static let excludable = ["tokens_issued", "authorization_granted", "request_refused"]

    package init() {}
}

/// Records who did what, to whom, from where, and how it ended. Recording costs no commit and never waits: events stay
/// in memory for up to 100 milliseconds, until `AuditWriter` stores them together.
package final class AuditLog: Sendable {
    private struct Queue {
        var records: [AuditRecord] = []
        /// Events dropped for lack of room and not yet recorded as lost.
        var lost = 0
        var tokens = MachineTokens()

        mutating func add(_ record: AuditRecord) {
            let room = record.outcome == .refused ? AuditLog.capacity / 2 : AuditLog.capacity
            guard records.count < room else { return lost += record.eventCount }
            records.append(record)
            Measurements.auditWaiting.increment()
        }

        /// Adds the records of counted tokens whose minute is over at `time`.
        mutating func endMinute(at time: Date) { tokens.end(at: time).forEach { add($0) } }
    }

    package let store: any AuditStore
    package var vault: KeyVault { sealer.vault }
    let sealer: AuditSealer
    package let settings: AuditSettings
    private let chain: AuditChain
    private let now: @Sendable () -> Date
    private let queue = Mutex(Queue())

    /// How many events may wait to be stored. Refused requests fill at most half of the queue, so that a flood of them
    /// cannot displace other events.
    static let capacity = 16_384
    /// Events per transaction.
    private static let batch = 1_024

    /// `copy` also receives each record, as a line of JSON.
    package init(
        store: any AuditStore, vault: KeyVault, settings: AuditSettings = AuditSettings(),
        copy: (@Sendable ([UInt8]) -> Void)? = nil, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.settings = settings
        self.now = now
        sealer = AuditSealer(vault)
        chain = AuditChain(store: store, sealer: sealer, settings: settings, copy: copy, now: now)
    }

    /// Records an event. The address, user agent and trace come from the current request. Unless `actor` or the request
    /// names the actor, it is the user or client concerned, or a visitor if the event is not a success.
    package func record(
        _ event: AuditEvent, user: Identifier<User>? = nil, client: Identifier<Client>? = nil,
        session: Identifier<Session>? = nil, by actor: AuditActor? = nil
    ) {
        Measurements.count(event)
        guard settings.excluded.isEmpty || !settings.excluded.contains(event.name) else { return }
        let (time, context) = (now(), RequestContext.current)
        if settings.machineTokens == .perMinute, let kind = MachineTokens.Kind(event, of: client) {
            let isCounted = queue.withLock { queue in
                queue.endMinute(at: time)
                return queue.tokens.count(kind, in: context, at: time)
            }
            guard !isCounted else { return }
        }
        let record = AuditRecord(event, user: user, client: client, session: session, by: actor, in: context, at: time)
        queue.withLock { $0.add(record) }
    }

    /// The number of events waiting, and of events lost but not yet recorded as lost.
    package var backlog: (waiting: Int, lost: Int) { queue.withLock { ($0.records.count, $0.lost) } }

    /// Stores all waiting events. When this returns, everything recorded before the call is durable, except for the
    /// number of tokens in the current minute.
    package func flush() async throws { try await chain.write { self.take() } }

    /// Ends the chain. Records that arrive later are stored by the next call of this or `flush`.
    package func close() async {
        queue.withLock { queue in queue.tokens.endNow().forEach { queue.add($0) } }
        do {
            try await flush()
            guard await chain.hasBegun else { return }
            record(.logEnded, by: .system)
            try await flush()
        } catch {
            let backlog = backlog
            Logger.current.error(
                "audit records could not be stored",
                metadata: ["waiting": "\(backlog.waiting)", "lost": "\(backlog.lost)", "cause": "\(error)"])
        }
    }

    private func take() -> [AuditRecord] {
        let time = now()
        let (records, lost) = queue.withLock { queue in
            queue.endMinute(at: time)
            let records = Array(queue.records.prefix(Self.batch))
            queue.records.removeFirst(records.count)
            Measurements.auditWaiting.decrement(by: Double(records.count))
            let lost = queue.lost
            queue.lost = 0
            return (records, lost)
        }
        guard lost > 0 else { return records }
        Logger.current.error("audit events lost because the queue was full", metadata: ["count": "\(lost)"])
        let loss = AuditRecord(
            .eventsLost(lost), user: nil, client: nil, session: nil, by: .system, in: RequestContext(), at: now())
        return records + [loss]
    }
}
