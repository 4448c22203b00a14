import Crypto

/// What is kept of a secret that Martlet generated or a client was given: enough to recognise it, not to say it.
///
/// The parameter keeps the digest of one kind of secret from standing in for another.
package struct SecretDigest<Entity>: Hashable, Sendable, Codable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Makes digests under a key of the installation: a stolen table tells nothing of short secrets.
package struct SecretDigester: Sendable {
    private let key: SymmetricKey

    package init(_ masterKeys: MasterKeys) { key = masterKeys.derived(for: "secret digest") }

    package func digest<Entity>(_ secret: String, of entity: Entity.Type) -> SecretDigest<Entity> {
        let label = Array("\(Entity.self)\u{0}".utf8)
        return SecretDigest(
            bytes: Array(HMAC<SHA256>.authenticationCode(for: label + Array(secret.utf8), using: key)))
    }

    /// In constant time.
    package func matches<Entity>(_ secret: String, _ digest: SecretDigest<Entity>) -> Bool {
        ConstantTime.equal(self.digest(secret, of: Entity.self).bytes, digest.bytes)
    }
}

/// Comparison whose time does not tell where two values differ.
enum ConstantTime {
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
