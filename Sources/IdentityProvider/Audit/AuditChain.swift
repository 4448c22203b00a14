import FoundationEssentials
import JOSE

/// Writes one chain. Numbers, seals and stores records in batches, one after another, each in one transaction.
actor AuditChain {
    nonisolated let node = Identifier<AuditNode>.random()
    private let store: any AuditStore
    private let sealer: AuditSealer
    private let settings: AuditSettings
    private let copy: (@Sendable ([UInt8]) -> Void)?
    private let now: @Sendable () -> Date

    private var head: AuditHead?
    /// Sealed entries that may not be stored yet. Their MACs are final, so they are stored unchanged or not at all.
    private var underway: [AuditEntry] = []
    private var work: Task<Void, any Error>?
    private var witnessedAt = Date.distantPast

    /// `copy` receives each line once, as soon as it is sealed, even if storing it fails.
    init(
        store: any AuditStore, sealer: AuditSealer, settings: AuditSettings, copy: (@Sendable ([UInt8]) -> Void)?,
        now: @escaping @Sendable () -> Date
    ) {
        self.store = store
        self.sealer = sealer
        self.settings = settings
        self.copy = copy
        self.now = now
    }

    /// Whether the chain has any records.
    var hasBegun: Bool { head != nil }

    /// Stores the records that `next` returns until it returns none. Concurrent calls run one after another.
    func write(_ next: @escaping @Sendable () -> [AuditRecord]) async throws {
        while let work { _ = await work.result }
        // A separate task, so that cancellation of the caller cannot leave half a batch.
        let task = Task {
            // Cleared by the task itself, before the callers that wait for it resume.
            defer { work = nil }
            try await writeAll(next)
        }
        work = task
        try await task.value
    }

    private func writeAll(_ next: @Sendable () -> [AuditRecord]) async throws {
        try await sealer.vault.loadIfNeeded()
        if !underway.isEmpty { try await storeUnderway() }
        if head != nil { try await witnessOthers() }
        while true {
            // Before the records are taken, so that a failure here loses none.
            let beginning = head == nil ? try await beginning() : nil
            let records = next()
            guard !records.isEmpty else { return }
            seal((beginning.map { [$0] } ?? []) + records)
            try await storeUnderway()
        }
    }

    private func storeUnderway() async throws {
        guard let head else { return }
        var deliveries: [Int: [WebhookDelivery]] = [:]
        if let webhooks = settings.webhooks {
            for entry in underway { deliveries[entry.sequence] = webhooks.deliveries(of: entry, from: sealer.issuer) }
        }
        var signals: [Int: SealedSignal] = [:]
        for entry in underway {
            signals[entry.sequence] = try entry.signal(from: sealer.issuer)?.sealed(by: Sealer(sealer.vault))
        }
        try await store.append(underway, head: head, deliveries: deliveries, signals: signals)
        underway = []
    }

    private func seal(_ records: [AuditRecord]) {
        for var record in records {
            // Time never goes backward in a chain, because retention removes records from its beginning.
            record.time = max(record.time, head?.time ?? .distantPast)
            let sequence = (head?.sequence ?? 0) + 1
            let document = String(decoding: record.document.serialized(), as: UTF8.self)
            let mac = sealer.record(
                document, at: sequence, of: node, after: head?.mac ?? sealer.beginning(of: node))
            let entry = AuditEntry(node: node, sequence: sequence, record: record, document: document, mac: mac)
            underway.append(entry)
            copy?(entry.line)
            head = AuditHead(
                node: node, sequence: sequence, mac: mac, time: record.time,
                seal: sealer.head(mac, at: sequence, of: node, time: record.time))
        }
    }

    /// The maximum number of chains in one witness record, which names the most recent ones.
    private static let witnessLimit = 100
    /// Seconds between witness records.
    private static let witnessInterval: TimeInterval = 600

    private func beginning() async throws -> AuditRecord {
        let moment = now()
        let others = try await others(since: moment.addingTimeInterval(-settings.retention))
        witnessedAt = moment
        return AuditRecord(
            .logBegan(witnessed: others), user: nil, client: nil, session: nil, by: .system, in: RequestContext(),
            at: moment)
    }

    private func witnessOthers() async throws {
        let moment = now()
        guard moment >= witnessedAt.addingTimeInterval(Self.witnessInterval) else { return }
        let others = try await others(since: max(witnessedAt, moment.addingTimeInterval(-settings.retention)))
        witnessedAt = moment
        guard !others.isEmpty else { return }
        seal([
            AuditRecord(
                .logWitnessed(others), user: nil, client: nil, session: nil, by: .system, in: RequestContext(),
                at: moment)
        ])
        try await storeUnderway()
    }

    private func others(since moment: Date) async throws -> [AuditWitness] {
        try await store.heads(after: moment, limit: Self.witnessLimit).filter { $0.node != node }.map {
            AuditWitness(node: $0.node, sequence: $0.sequence, mac: $0.mac)
        }
    }
}
