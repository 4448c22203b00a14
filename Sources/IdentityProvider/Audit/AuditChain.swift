import FoundationEssentials
import JOSE

/// Writes one chain: places, seals and stores records one batch after the other, each batch in one transaction.
actor AuditChain {
    nonisolated let node = Identifier<AuditNode>.random()
    private let store: any AuditStore
    private let sealer: AuditSealer
    private let settings: AuditSettings
    private let copy: (@Sendable ([UInt8]) -> Void)?
    private let now: @Sendable () -> Date

    private var head: AuditHead?
    /// Sealed, and perhaps not stored: its MACs stand, so it is stored as it is or not at all.
    private var underway: [AuditEntry] = []
    private var work: Task<Void, any Error>?
    private var witnessedAt = Date.distantPast

    /// `copy` is handed each line as soon as it is sealed, once, whatever becomes of the storage.
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

    /// Whether anything was ever written.
    var hasBegun: Bool { head != nil }

    /// Stores what `next` hands out until there is nothing left. Calls at once go one after the other.
    func write(_ next: @escaping @Sendable () -> [AuditRecord]) async throws {
        while let work { _ = await work.result }
        // A task of its own: half a batch must not be left because whoever asked for it was cancelled.
        let task = Task {
            // By the task itself: those who wait for it must find it gone when they are woken.
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
            // Asked before the records are taken: what fails here must lose none.
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
        try await store.append(underway, head: head, deliveries: deliveries)
        underway = []
    }

    private func seal(_ records: [AuditRecord]) {
        for var record in records {
            // In a chain time does not go back: retention takes beginnings.
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

    /// A witness names so many chains at most, the latest.
    private static let witnessLimit = 100
    /// Seconds between two looks at the others.
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
