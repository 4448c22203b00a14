import Crypto
import FoundationEssentials

/// Computes and verifies the MACs of the audit log, under keys that the database alone does not reveal.
package struct AuditSealer: Sendable {
    let vault: KeyVault
    let issuer: String

    package init(_ vault: KeyVault) {
        self.vault = vault
        issuer = vault.issuer.identifier
    }

    /// Returns the MAC that precedes the first record of a chain. It does not depend on the current audit key, so that
    /// any key can seal the first record.
    func beginning(of node: Identifier<AuditNode>) -> [UInt8] {
        guard let oldest = vault.keys(.audit).first(where: { $0.origin == .masterKey }) else {
            return Array(SHA256.hash(data: Self.place("beginning", issuer, node, 0)))
        }
        return oldest.mac(over: Self.place("beginning", issuer, node, 0))
    }

    func record(
        _ document: String, at sequence: Int, of node: Identifier<AuditNode>, after previous: [UInt8]
    ) -> [UInt8] {
        seal(Self.place("record", issuer, node, sequence) + previous + Array(document.utf8))
    }

    func head(_ mac: [UInt8], at sequence: Int, of node: Identifier<AuditNode>, time: Date) -> [UInt8] {
        seal(Self.place("head \(Self.milliseconds(time))", issuer, node, sequence) + mac)
    }

    /// `time` is that of the last record removed.
    func removal(_ mac: [UInt8], through sequence: Int, of node: Identifier<AuditNode>, time: Date?) -> [UInt8] {
        seal(removalInput(mac, through: sequence, of: node, time: time))
    }
}

extension AuditSealer {
    /// Returns the number of the key that made a record's MAC, or `nil` if none of ours did.
    func keyNumber(of row: AuditRow, after previous: [UInt8]) -> Int? {
        key(
            of: row.mac,
            over: Self.place("record", issuer, row.node, row.sequence) + previous + Array(row.document.utf8))?.number
    }

    func isGenuine(_ head: AuditHead) -> Bool {
        let place = Self.place("head \(Self.milliseconds(head.time))", issuer, head.node, head.sequence)
        guard let key = key(of: head.seal, over: place + head.mac) else { return false }
        return covers(key, head.mac) && wasInUse(key.number, at: head.time)
    }

    func isGenuine(_ removal: AuditRemoval, of node: Identifier<AuditNode>) -> Bool {
        let input = removalInput(removal.mac, through: removal.through, of: node, time: removal.time)
        return key(of: removal.seal, over: input).map { covers($0, removal.mac) } ?? false
    }

    /// Returns whether a seal under `key` may cover a record's MAC. It may not if a newer key made the MAC, because the
    /// older key may have leaked.
    private func covers(_ key: DataKey, _ mac: [UInt8]) -> Bool {
        vault.maker(of: mac, .audit).map { key.number >= $0.number } ?? false
    }

    /// Returns whether the key was still in use at `time`, allowing a minute for nodes to notice its successor.
    func wasInUse(_ number: Int, at time: Date) -> Bool {
        let keys = vault.keys(.audit)
        guard let index = keys.firstIndex(where: { $0.number == number }), let end = KeyVault.end(of: index, in: keys)
        else { return true }
        return time <= end.addingTimeInterval(60)
    }

    private func removalInput(
        _ mac: [UInt8], through sequence: Int, of node: Identifier<AuditNode>, time: Date?
    ) -> [UInt8] {
        // Older versions, which did not seal the time, used the bare label.
        let label = time.map { "removal \(Self.milliseconds($0))" } ?? "removal"
        return Self.place(label, issuer, node, sequence) + mac
    }

    private func seal(_ input: [UInt8]) -> [UInt8] { vault.currentOrNone(.audit).mac(over: input) }

    private func key(of mac: [UInt8], over input: [UInt8]) -> DataKey? {
        vault.maker(of: mac, .audit).flatMap { ConstantTime.equal($0.mac(over: input), mac) ? $0 : nil }
    }

    /// Ends every part with a zero byte, which no part contains, so that different inputs never encode alike.
    private static func place(
        _ label: String, _ issuer: String, _ node: Identifier<AuditNode>, _ sequence: Int
    ) -> [UInt8] {
        Array("\(label)\u{0}\(issuer)\u{0}\(node)\u{0}\(sequence)\u{0}".utf8)
    }

    private static func milliseconds(_ time: Date) -> Int { Int((time.timeIntervalSince1970 * 1_000).rounded()) }
}
