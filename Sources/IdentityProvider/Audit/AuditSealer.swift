import Crypto
import FoundationEssentials

/// Makes and checks the MACs of the log, under keys that the database does not hold.
package struct AuditSealer: Sendable {
    let vault: KeyVault
    let issuer: String

    package init(_ vault: KeyVault) {
        self.vault = vault
        issuer = vault.issuer.identifier
    }

    /// What stands before the first record of a chain. It says nothing of its key, so that the chain's first record can.
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

    /// `time` is that of the last record that was removed.
    func removal(_ mac: [UInt8], through sequence: Int, of node: Identifier<AuditNode>, time: Date?) -> [UInt8] {
        seal(removalInput(mac, through: sequence, of: node, time: time))
    }
}

extension AuditSealer {
    /// The number of the key that made a record's MAC; `nil` when none of ours did.
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

    /// Whether a seal under `key` may stand over a record's MAC: not when a newer key made that, because somebody else may
    /// have the former one.
    private func covers(_ key: DataKey, _ mac: [UInt8]) -> Bool {
        vault.maker(of: mac, .audit).map { key.number >= $0.number } ?? false
    }

    /// Whether the key of this number was still in use at `time`, give or take the time in which nodes notice.
    func wasInUse(_ number: Int, at time: Date) -> Bool {
        let keys = vault.keys(.audit)
        guard let index = keys.firstIndex(where: { $0.number == number }), let end = KeyVault.end(of: index, in: keys)
        else { return true }
        return time <= end.addingTimeInterval(60)
    }

    private func removalInput(
        _ mac: [UInt8], through sequence: Int, of node: Identifier<AuditNode>, time: Date?
    ) -> [UInt8] {
        // Versions before the time was sealed used the bare label.
        let label = time.map { "removal \(Self.milliseconds($0))" } ?? "removal"
        return Self.place(label, issuer, node, sequence) + mac
    }

    private func seal(_ input: [UInt8]) -> [UInt8] { vault.currentOrNone(.audit).mac(over: input) }

    private func key(of mac: [UInt8], over input: [UInt8]) -> DataKey? {
        vault.maker(of: mac, .audit).flatMap { ConstantTime.equal($0.mac(over: input), mac) ? $0 : nil }
    }

    /// Every part ends with a zero byte, which none of them holds: two inputs never read alike.
    private static func place(
        _ label: String, _ issuer: String, _ node: Identifier<AuditNode>, _ sequence: Int
    ) -> [UInt8] {
        Array("\(label)\u{0}\(issuer)\u{0}\(node)\u{0}\(sequence)\u{0}".utf8)
    }

    private static func milliseconds(_ time: Date) -> Int { Int((time.timeIntervalSince1970 * 1_000).rounded()) }
}
