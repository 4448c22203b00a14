/// Something whose secrets are kept as digests. The label goes into the digest, so it is spelled out: what a type is called
/// may change, what was stored may not.
package protocol Digested {
    static var digestLabel: String { get }
}

/// Something whose secret comes back in clear, so that its digest can be made again under the current key.
package protocol RenewablyDigested: Digested {
    static var digestColumn: DigestColumn { get }
}

/// Where digests are kept that are renewed on use.
package enum DigestColumn: Sendable, CaseIterable { case session, device, client }

/// What is kept of a secret that Martlet generated or a client was given: enough to recognize it, not to reveal it.
///
/// The parameter keeps the digest of one kind of secret from standing in for another.
package struct SecretDigest<Entity>: Hashable, Sendable {
    /// As `DataKey.mac` makes it.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Makes digests under a data key: a stolen table tells nothing of short secrets. Digests cannot be rewrapped, so they name
/// their key, former keys go on to recognize what was made with them, and a digest under one is renewed when it is found.
package struct SecretDigester: Sendable {
    let vault: KeyVault

    package init(_ vault: KeyVault) { self.vault = vault }

    /// The digest under the current key.
    package func digest<Entity: Digested>(_ secret: String, of entity: Entity.Type) -> SecretDigest<Entity> {
        Self.digest(secret, under: vault.currentOrNone(.digest))
    }

    /// The digests under which the secret may be kept, the current one first. Usually there is no other.
    package func digests<Entity: Digested>(_ secret: String, of entity: Entity.Type) -> [SecretDigest<Entity>] {
        let current = vault.currentOrNone(.digest)
        let others = vault.keys(.digest).reversed().filter { $0.number != current.number }
        return ([current] + others).map { Self.digest(secret, under: $0) }
    }

    /// In constant time.
    package func matches<Entity: Digested>(_ secret: String, _ digest: SecretDigest<Entity>) -> Bool {
        guard let key = vault.maker(of: digest.bytes, .digest) else { return false }
        return ConstantTime.equal((Self.digest(secret, under: key) as SecretDigest<Entity>).bytes, digest.bytes)
    }

    /// Replaces a digest that `secret` was recognized by, if it is not under the current key. Failing to is no reason to fail:
    /// the next use tries again.
    func renew<Entity: RenewablyDigested>(_ digest: SecretDigest<Entity>, of secret: String) async {
        let current = self.digest(secret, of: Entity.self)
        guard current != digest else { return }
        try? await vault.store.renew(Entity.digestColumn, from: digest.bytes, to: current.bytes)
    }

    private static func digest<Entity: Digested>(_ secret: String, under key: DataKey) -> SecretDigest<Entity> {
        let text = Array("\(Entity.digestLabel)\u{0}\(secret)".utf8)
        return SecretDigest(bytes: key.mac(over: text))
    }
}

/// Comparison whose time does not tell where two values differ.
enum ConstantTime {
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
