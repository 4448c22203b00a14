import JOSE

/// A type whose secrets are stored as digests. The label is part of the digest and must not change with the type's
/// name.
package protocol Digested {
    static var digestLabel: String { get }
}

/// A type whose secret is presented in plaintext, so that its digest can be renewed under the current key.
package protocol RenewablyDigested: Digested {
    static var digestColumn: DigestColumn { get }
}

/// The columns of digests that are renewed on use.
package enum DigestColumn: Sendable, CaseIterable { case session, device, client }

/// The stored digest of a secret, which can verify the secret but doesn't reveal it.
///
/// The type parameter prevents using the digest of one kind of secret as another.
package struct SecretDigest<Entity>: Hashable, Sendable {
    /// The output of `DataKey.mac`.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Creates digests under a data key, so that a stolen table doesn't reveal short secrets. Digests can't be rewrapped.
/// Instead, each names its key, replaced keys still verify their digests, and a digest under a replaced key is renewed
/// on use.
package struct SecretDigester: Sendable {
    let vault: KeyVault

    package init(_ vault: KeyVault) { self.vault = vault }

    /// Returns the digest under the current key.
    package func digest<Entity: Digested>(_ secret: String, of entity: Entity.Type) -> SecretDigest<Entity> {
        Self.digest(secret, under: vault.currentOrNone(.digest))
    }

    /// Returns all digests under which the secret may be stored, the current one first. Usually there is only one.
    package func digests<Entity: Digested>(_ secret: String, of entity: Entity.Type) -> [SecretDigest<Entity>] {
        let current = vault.currentOrNone(.digest)
        let others = vault.keys(.digest).reversed().filter { $0.number != current.number }
        return ([current] + others).map { Self.digest(secret, under: $0) }
    }

    /// Returns the digest under the current key as text, to name something in storage without revealing it.
    func name<Entity: Digested>(_ text: String, of entity: Entity.Type) -> String {
        Base64URL.encode(digest(text, of: entity).bytes)
    }

    /// Compares in constant time.
    package func matches<Entity: Digested>(_ secret: String, _ digest: SecretDigest<Entity>) -> Bool {
        guard let key = vault.maker(of: digest.bytes, .digest) else { return false }
        return ConstantTime.equal((Self.digest(secret, under: key) as SecretDigest<Entity>).bytes, digest.bytes)
    }

    /// Replaces the stored digest of `secret` if it isn't under the current key. Errors are ignored, because the next
    /// use tries again.
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

enum ConstantTime {
    /// Compares without a timing side channel. Only a difference in length returns early.
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
