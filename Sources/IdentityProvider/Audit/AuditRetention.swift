import FoundationEssentials
import JOSE
import Logging

/// Removes expired records from the beginning of each chain, and leaves a proof of the removal.
///
/// Trusts only what a MAC covers. Otherwise, someone with write access to the database could make a
/// record look old to have it removed.
struct AuditRetention: Sendable {
    let log: AuditLog

    /// Checks up to `limit` chains and removes up to `limit` records from each. Returns the total number removed.
    func removeExpired(at now: Date, limit: Int) async throws -> Int {
        let retention = log.settings.retention
        let end = now.addingTimeInterval(-retention)
        var removed = 0
        for node in try await log.store.chains(withRecordsUntil: end, limit: limit) {
            removed += try await removeExpired(of: node, until: end, limit: limit)
        }
        // By then no witness record mentions these chains: witnesses name only chains that
        // are younger than the retention.
        let long = now.addingTimeInterval(-2 * retention - 86_400)
        for head in try await log.store.heads(endedBefore: long, limit: limit) where isOver(head) {
            try await log.store.forget(head)
        }
        return removed
    }

    private func removeExpired(of node: Identifier<AuditNode>, until end: Date, limit: Int) async throws -> Int {
        guard let head = try await log.store.head(of: node), isIntact(head) else { return distrust(node) }
        let start = head.removal?.through ?? 0
        var last: (sequence: Int, mac: [UInt8], time: Date?) =
            (start, head.removal?.mac ?? log.sealer.beginning(of: node), nil)
        for row in try await log.store.records(of: node, after: start, limit: limit) {
            guard row.sequence == last.sequence + 1, let time = time(of: row, after: last.mac) else {
                if last.sequence == start { return distrust(node) }
                break
            }
            guard time <= end else { break }
            last = (row.sequence, row.mac, time)
        }
        guard let time = last.time else {
            // The column claims that the first record is older than it is.
            return distrust(node)
        }
        let seal = log.sealer.removal(last.mac, through: last.sequence, of: node, time: time)
        try await log.store.remove(
            AuditRemoval(through: last.sequence, mac: last.mac, time: time, seal: seal), from: node)
        return last.sequence - start
    }

    /// Returns the sealed time of a record, or `nil` if the record is not genuine.
    private func time(of row: AuditRow, after mac: [UInt8]) -> Date? {
        guard log.sealer.keyNumber(of: row, after: mac) != nil else { return nil }
        return (try? JSONObject(parsing: Array(row.document.utf8))).flatMap(AuditRecord.init(document:))?.time
    }

    private func isIntact(_ head: AuditHead) -> Bool {
        log.sealer.isGenuine(head) && head.removal.map { log.sealer.isGenuine($0, of: head.node) } ?? true
    }

    private func isOver(_ head: AuditHead) -> Bool {
        isIntact(head) && head.removal?.through == head.sequence
    }

    private func distrust(_ node: Identifier<AuditNode>) -> Int {
        Logger.current.error(
            "audit chain failed verification, so none of its records are removed: run `martlet audit verify`",
            metadata: ["chain": "\(node)"])
        return 0
    }
}
