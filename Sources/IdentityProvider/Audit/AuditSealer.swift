import Crypto
import FoundationEssentials

/// Makes and checks the MACs of the log, under a key that the database does not hold.
package struct AuditSealer: Sendable {
    private let key: SymmetricKey
    let issuer: String

    package init(_ masterKeys: MasterKeys, issuer: Issuer) {
        key = masterKeys.derived(for: "audit log")
        self.issuer = issuer.identifier
    }

    /// What stands before the first record of a chain.
    func beginning(of node: Identifier<AuditNode>) -> [UInt8] { mac("beginning", node, 0, []) }

    func record(
        _ document: String, at sequence: Int, of node: Identifier<AuditNode>, after previous: [UInt8]
    ) -> [UInt8] {
        mac("record", node, sequence, previous + Array(document.utf8))
    }

    func head(_ mac: [UInt8], at sequence: Int, of node: Identifier<AuditNode>, time: Date) -> [UInt8] {
        self.mac("head \(Int((time.timeIntervalSince1970 * 1_000).rounded()))", node, sequence, mac)
    }

    func removal(_ mac: [UInt8], through sequence: Int, of node: Identifier<AuditNode>) -> [UInt8] {
        self.mac("removal", node, sequence, mac)
    }

    /// Every part but the last ends with a zero byte, which none of them holds: two inputs never read alike.
    private func mac(_ label: String, _ node: Identifier<AuditNode>, _ sequence: Int, _ bytes: [UInt8]) -> [UInt8] {
        let place = Array("\(label)\u{0}\(issuer)\u{0}\(node)\u{0}\(sequence)\u{0}".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: place + bytes, using: key))
    }
}
