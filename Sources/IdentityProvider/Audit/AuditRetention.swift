import FoundationEssentials

/// Removes records that are older than they may be, from the beginning of each chain, and leaves a proof of it.
struct AuditRetention: Sendable {
    let log: AuditLog

    /// Removes at most `limit` records; returns how many.
    func removeExpired(at now: Date, limit: Int) async throws -> Int {
        let retention = log.settings.retention
        let expired = try await log.store.oldest(until: now.addingTimeInterval(-retention), limit: limit)
        let last = Dictionary(expired.map { ($0.node, $0) }) { $0.sequence > $1.sequence ? $0 : $1 }
        for (node, record) in last {
            let seal = log.sealer.removal(record.mac, through: record.sequence, of: node)
            try await log.store.remove(
                AuditRemoval(through: record.sequence, mac: record.mac, seal: seal), from: node)
        }
        // By then no record is left that bears witness to it: chains witness only what is younger than the retention.
        try await log.store.forgetChains(endedBefore: now.addingTimeInterval(-2 * retention - 86_400), limit: limit)
        return expired.count
    }
}
