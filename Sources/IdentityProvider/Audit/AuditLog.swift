package import FoundationEssentials
import Metrics
import Logging
import Synchronization

/// What an operator may choose for the log.
package struct AuditSettings: Sendable {
    /// Seconds that records are kept.
    package var retention: TimeInterval = 365 * 86_400
    /// Names of events that are not recorded.
    package var excluded: Set<String> = []
    /// Where events are sent besides.
    package var webhooks: WebhookSettings?

    /// What happens so often that somebody may not want to keep it. All else is always recorded.
    package static let excludable = ["tokens_issued", "authorization_granted", "request_refused"]

    package init() {}
}

/// Who did what for whom, from where, and how it ended. Recording costs no commit and never waits: events lie in memory
/// until `AuditWriter` stores all of them together, a tenth of a second later at most.
package final class AuditLog: Sendable {
    private struct Queue {
        var records: [AuditRecord] = []
        /// Events that found no room, since the last that was said of them.
        var lost = 0
    }

    package let store: any AuditStore
    package var vault: KeyVault { sealer.vault }
    let sealer: AuditSealer
    package let settings: AuditSettings
    private let chain: AuditChain
    private let now: @Sendable () -> Date
    private let queue = Mutex(Queue())

    /// Events that may wait for the storage. What is refused fills one half at most: a flood of it must not wash away
    /// what was done.
    static let capacity = 16_384
    /// Events in one transaction.
    private static let batch = 1_024

    /// `copy` gets each record as a line of JSON, besides the storage.
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

    /// Says that something happened. Address, user agent and trace come from the request at hand. Who did it is, unless
    /// said otherwise, the user or client that it happened to; a visitor where it was refused.
    package func record(
        _ event: AuditEvent, user: Identifier<User>? = nil, client: Identifier<Client>? = nil,
        session: Identifier<Session>? = nil, by actor: AuditActor? = nil
    ) {
        Measurements.count(event)
        guard settings.excluded.isEmpty || !settings.excluded.contains(event.name) else { return }
        let record = AuditRecord(
            event, user: user, client: client, session: session, by: actor, in: .current, at: now())
        let room = record.outcome == .refused ? Self.capacity / 2 : Self.capacity
        queue.withLock { queue in
            guard queue.records.count < room else { return queue.lost += 1 }
            queue.records.append(record)
            Measurements.auditWaiting.increment()
        }
    }

    /// Events that wait, and those that were lost and not yet recorded as such.
    package var backlog: (waiting: Int, lost: Int) { queue.withLock { ($0.records.count, $0.lost) } }

    /// Stores what waits. When this returns, all that was recorded before is durable.
    package func flush() async throws { try await chain.write { self.take() } }

    /// Ends the chain. Records that come later are stored all the same, if somebody calls this or `flush` again.
    package func close() async {
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
        let (records, lost) = queue.withLock { queue in
            let records = Array(queue.records.prefix(Self.batch))
            queue.records.removeFirst(records.count)
            Measurements.auditWaiting.decrement(by: Double(records.count))
            let lost = queue.lost
            queue.lost = 0
            return (records, lost)
        }
        guard lost > 0 else { return records }
        Logger.current.error("audit events lost", metadata: ["count": "\(lost)"])
        let loss = AuditRecord(
            .eventsLost(lost), user: nil, client: nil, session: nil, by: .system, in: RequestContext(), at: now())
        return records + [loss]
    }
}
