package import FoundationEssentials
import JOSE

/// A problem found in the audit log.
package enum AuditFinding: Sendable, Hashable {
    /// The record is not the one that was written, or is in the wrong place.
    case changed(AuditPlace)
    /// The record is genuine, but its search columns are not.
    case columnsChanged(AuditPlace)
    /// The records from this place through `through` are missing.
    case removed(AuditPlace, through: Int)
    /// The chain ends before the record that its head names.
    case cutOff(AuditPlace, through: Int)
    /// The chain's head is missing, changed, or behind its records.
    case headChanged(Identifier<AuditNode>)
    /// The proof that retention removed the beginning of the chain is not genuine.
    case removalForged(Identifier<AuditNode>)
    /// The beginning of the chain was removed before its retention ended. The last record removed has this time.
    case removedTooEarly(Identifier<AuditNode>, Date)
    /// The record was sealed with an audit key that had already been replaced.
    case formerKey(AuditPlace)
    /// A witness recorded more of the chain than exists, or a different record in its place.
    case shorterThanWitnessed(AuditWitness, by: String)
    /// A witness recorded a chain that no longer exists.
    case chainRemoved(AuditWitness, by: String)
}

/// The position of a record: its chain and its number in that chain.
package struct AuditPlace: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    package let sequence: Int

    package init(_ node: Identifier<AuditNode>, _ sequence: Int) {
        self.node = node
        self.sequence = sequence
    }
}

/// The result of verifying the audit log.
package struct AuditReport: Sendable {
    package let heads: [AuditHead]
    package let records: Int
    package let findings: [AuditFinding]
}

extension AuditSealer {
    /// Verifies every record in a consistent snapshot of the log. `expected` holds heads saved outside the database.
    /// Only records older than `retention` seconds may have been removed.
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

/// Verifies all chains in turn, one record at a time.
private struct AuditVerification {
    private let sealer: AuditSealer
    private let heads: [Identifier<AuditNode>: AuditHead]
    private var findings: [AuditFinding] = []
    private var testimony: [(witness: AuditWitness, by: String)] = []
    private var records = 0
    /// Retention may have removed records from before this moment.
    private let end: Date
    /// The current chain: its last record so far, the MAC of that record, and the number of its audit key.
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
        // The first record after a gap cannot be verified, because the MAC before it is missing.
        guard row.sequence == former.sequence + 1 else { return }
        guard let key = sealer.keyNumber(of: row, after: former.mac),
            let record = (try? JSONObject(parsing: Array(row.document.utf8))).flatMap(AuditRecord.init(document:))
        else { return findings.append(.changed(place)) }
        // A replaced key may have leaked, so it must not add to the log or continue a chain.
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
        // Chains that have no records left.
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
