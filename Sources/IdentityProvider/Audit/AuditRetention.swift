import FoundationEssentials
import JOSE
import Logging

/// Removes records that are older than they may be, from the beginning of each chain, and leaves a proof of it.
///
/// It believes only what a MAC covers: write access to the database can make a record look old, but not be old.
struct AuditRetention: Sendable {
    let log: AuditLog

    /// Looks at up to `limit` chains, and removes at most as many records of each; returns how many.
    func removeExpired(at now: Date, limit: Int) async throws -> Int {
        let retention = log.settings.retention
        let end = now.addingTimeInterval(-retention)
        var removed = 0
        for node in try await log.store.chains(withRecordsUntil: end, limit: limit) {
            removed += try await removeExpired(of: node, until: end, limit: limit)
        }
        // By then no record is left that bears witness to them: chains witness only what is younger than the retention.
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
            // A column says that the first record is older than it is.
            return distrust(node)
        }
        let seal = log.sealer.removal(last.mac, through: last.sequence, of: node, time: time)
        try await log.store.remove(
            AuditRemoval(through: last.sequence, mac: last.mac, time: time, seal: seal), from: node)
        return last.sequence - start
    }

    /// When a record was made, if it is genuine.
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
            "audit chain was changed, so nothing of it is removed: run `martlet audit verify`",
            metadata: ["chain": "\(node)"])
        return 0
    }
}
