package import FoundationEssentials
import JOSE

/// What is wrong with the log.
package enum AuditFinding: Sendable, Hashable {
    /// The record is not the one that was written, or not in its place.
    case changed(AuditPlace)
    /// The record is genuine, the columns by which it is found are not.
    case columnsChanged(AuditPlace)
    /// There is nothing from here to the next record of the chain.
    case removed(AuditPlace, through: Int)
    /// The chain ends before the record that its head names.
    case cutOff(AuditPlace, through: Int)
    /// The head of the chain is gone, changed, or behind its records.
    case headChanged(Identifier<AuditNode>)
    /// The proof that retention removed the chain's beginning is not ours.
    case removalForged(Identifier<AuditNode>)
    /// The chain's beginning was removed before its time: its last record is from this moment.
    case removedTooEarly(Identifier<AuditNode>, Date)
    /// The record was sealed with an audit key that had been replaced by then.
    case formerKey(AuditPlace)
    /// A witness knows more of the chain than there is.
    case shorterThanWitnessed(AuditWitness, by: String)
    /// A witness knows of a chain that is gone.
    case chainRemoved(AuditWitness, by: String)
}

/// A record's place.
package struct AuditPlace: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    package let sequence: Int

    package init(_ node: Identifier<AuditNode>, _ sequence: Int) {
        self.node = node
        self.sequence = sequence
    }
}

/// What was looked at, and what was found.
package struct AuditReport: Sendable {
    package let heads: [AuditHead]
    package let records: Int
    package let findings: [AuditFinding]
}

extension AuditSealer {
    /// Checks every record of the log at one moment. `expected` are heads that somebody kept elsewhere. `retention` is in
    /// seconds: what was removed must have been older.
    package func verify(
        _ store: any AuditStore, expecting expected: [AuditWitness] = [], retention: TimeInterval
    ) async throws -> AuditReport {
        try await vault.loadIfNeeded()
        let end = vault.now().addingTimeInterval(-retention)
        return try await store.survey { heads, forEach in
            var verification = AuditVerification(sealer: self, heads: heads, mayBeRemovedUntil: end)
            try forEach { verification.take($0) }
            return verification.finish(expecting: expected)
        }
    }
}

/// Walks through all chains, one after the other, a record at a time.
private struct AuditVerification {
    private let sealer: AuditSealer
    private let heads: [Identifier<AuditNode>: AuditHead]
    private var findings: [AuditFinding] = []
    private var testimony: [(witness: AuditWitness, by: String)] = []
    private var records = 0
    /// Records from before this moment may be gone.
    private let end: Date
    /// The chain under way: the last record that was seen of it, its MAC, and the number of its audit key.
    private var chain: (node: Identifier<AuditNode>, sequence: Int, mac: [UInt8], key: Int)?
    private var seen: Set<Identifier<AuditNode>> = []

    init(sealer: AuditSealer, heads: [AuditHead], mayBeRemovedUntil end: Date) {
        self.sealer = sealer
        self.end = end
        self.heads = Dictionary(heads.map { ($0.node, $0) }) { first, _ in first }
    }

    mutating func take(_ row: AuditRow) {
        records += 1
        if chain?.node != row.node {
            endChain()
            begin(row.node)
        }
        guard let former = chain else { return }
        let place = AuditPlace(row.node, row.sequence)
        if row.sequence > former.sequence + 1 {
            findings.append(.removed(AuditPlace(row.node, former.sequence + 1), through: row.sequence - 1))
        }
        chain = (row.node, row.sequence, row.mac, former.key)
        // After a gap nothing can be said of the first record but that the next one hangs on it.
        guard row.sequence == former.sequence + 1 else { return }
        guard let key = sealer.keyNumber(of: row, after: former.mac),
            let record = (try? JSONObject(parsing: Array(row.document.utf8))).flatMap(AuditRecord.init(document:))
        else { return findings.append(.changed(place)) }
        // A key that was replaced may be known to others: with it nobody can add to the log, nor go on with it.
        if key < former.key || !sealer.wasInUse(key, at: record.time) { findings.append(.formerKey(place)) }
        chain?.key = max(key, former.key)
        if AuditColumns(record) != row.columns { findings.append(.columnsChanged(place)) }
        testimony += (record.details["witnessed"]?.array ?? []).compactMap { AuditWitness($0) }.map {
            ($0, "\(row.node) \(row.sequence)")
        }
    }

    private mutating func begin(_ node: Identifier<AuditNode>) {
        seen.insert(node)
        guard let removal = heads[node]?.removal else {
            chain = (node, 0, sealer.beginning(of: node), .min)
            return
        }
        if !sealer.isGenuine(removal, of: node) { findings.append(.removalForged(node)) }
        if let time = removal.time, time > end { findings.append(.removedTooEarly(node, time)) }
        chain = (node, removal.through, removal.mac, .min)
    }

    private mutating func endChain() {
        guard let end = chain else { return }
        guard let head = heads[end.node], sealer.isGenuine(head), head.sequence >= end.sequence else {
            return findings.append(.headChanged(end.node))
        }
        if head.sequence > end.sequence {
            findings.append(.cutOff(AuditPlace(end.node, end.sequence + 1), through: head.sequence))
        } else if !ConstantTime.equal(head.mac, end.mac) {
            findings.append(.changed(AuditPlace(end.node, end.sequence)))
        }
    }

    mutating func finish(expecting expected: [AuditWitness]) -> AuditReport {
        endChain()
        // Chains of which there is no record left.
        for node in heads.keys.filter({ !seen.contains($0) }).sorted(by: { $0.rawValue < $1.rawValue }) {
            begin(node)
            endChain()
        }
        testimony += expected.map { ($0, "a head kept elsewhere") }
        for (witness, source) in testimony {
            guard let head = heads[witness.node] else {
                findings.append(.chainRemoved(witness, by: source))
                continue
            }
            let isOther = head.sequence == witness.sequence && head.mac != witness.mac
            if head.sequence < witness.sequence || isOther {
                findings.append(.shorterThanWitnessed(witness, by: source))
            }
        }
        var reported: Set<AuditFinding> = []
        return AuditReport(
            heads: heads.values.sorted { ($0.time, $0.node.rawValue) < ($1.time, $1.node.rawValue) },
            records: records, findings: findings.filter { reported.insert($0).inserted })
    }
}
