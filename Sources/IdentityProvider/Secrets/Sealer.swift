import Crypto
package import FoundationEssentials
import JOSE

/// The purpose of a sealed value. A value sealed for one purpose can't be opened for another.
package struct SealedPurpose: Sendable {
    package let name: String
    let keyClass: DataKeyClass
    /// How long a replaced key must still open values, in seconds; `nil` for values at rest, which are resealed.
    let lifetime: (@Sendable (Lifetimes) -> TimeInterval)?

    /// Returns a purpose for values in transit, which are valid for at most `lifetime` seconds.
    package static func transit(
        _ name: String, lifetime: @escaping @Sendable (Lifetimes) -> TimeInterval
    ) -> SealedPurpose {
        SealedPurpose(name: name, keyClass: .transit, lifetime: lifetime)
    }

    /// Returns a purpose for values in the database.
    package static func rest(_ name: String) -> SealedPurpose {
        SealedPurpose(name: name, keyClass: .rest, lifetime: nil)
    }
}

/// Creates and opens opaque values that only this issuer can read: AES-256-GCM, each value under its own key. HKDF
/// derives the key from a random salt, which avoids the limit on random nonces under one key.
///
/// The format is `version (1) ‖ data key id (4) ‖ salt (16) ‖ ciphertext ‖ tag (16)`, in base64url where it is text.
package struct Sealer: Sendable {
    let vault: KeyVault
    private let issuer: String

    package init(_ vault: KeyVault) {
        self.vault = vault
        issuer = vault.issuer.identifier
    }

    package func seal(_ value: some Encodable, for purpose: SealedPurpose) throws -> String {
        try Base64URL.encode(seal(Array(JSONEncoder().encode(value)), for: purpose))
    }

    /// Throws `NotOurs` for any text that this issuer didn't seal for this purpose.
    package func open<Value: Decodable>(
        _ type: Value.Type, from text: String, for purpose: SealedPurpose
    ) throws(NotOurs) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(open(Base64URL.decode(text), for: purpose)))
        } catch {
            throw NotOurs()
        }
    }

    package func seal(_ plaintext: [UInt8], for purpose: SealedPurpose) throws -> [UInt8] {
        let dataKey = try vault.current(purpose.keyClass)
        let salt = RandomBytes.make(Self.saltSize)
        let header = [Self.version] + dataKey.id + salt
        let box = try AES.GCM.seal(
            plaintext, using: key(dataKey, salt: salt, purpose: purpose), nonce: AES.GCM.Nonce(data: Self.nonce),
            authenticating: header)
        return header + box.ciphertext + box.tag
    }

    package func open(_ sealed: [UInt8], for purpose: SealedPurpose) throws(NotOurs) -> [UInt8] {
        let headerSize = 1 + DataKey.idSize + Self.saltSize
        guard sealed.count >= headerSize + Self.tagSize, sealed[0] == Self.version,
            let dataKey = vault.find(
                Self.keyID(of: sealed), purpose.keyClass, opensFor: purpose.lifetime?(vault.lifetimes))
        else { throw NotOurs() }
        let header = sealed[..<headerSize]
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: Self.nonce), ciphertext: sealed[headerSize..<(sealed.count - Self.tagSize)],
                tag: sealed.suffix(Self.tagSize))
            let salt = header.suffix(Self.saltSize)
            return try Array(
                AES.GCM.open(box, using: key(dataKey, salt: salt, purpose: purpose), authenticating: header))
        } catch {
            throw NotOurs()
        }
    }

    /// Returns the id of the data key that sealed a value.
    static func keyID(of sealed: [UInt8]) -> [UInt8] { Array(sealed.dropFirst().prefix(DataKey.idSize)) }

    private func key(_ dataKey: DataKey, salt: some Collection<UInt8>, purpose: SealedPurpose) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: dataKey.material, salt: Array(salt), info: Array("\(purpose.name)\u{0}\(issuer)".utf8),
            outputByteCount: 32)
    }

    private static let version: UInt8 = 1
    private static let saltSize = 16
    private static let tagSize = 16
    /// Constant, because each key encrypts only one value.
    private static let nonce = [UInt8](repeating: 0, count: 12)
}

/// The value was not sealed by this issuer for this purpose. Doesn't reveal why, so that attackers learn nothing.
package struct NotOurs: Error {
    package init() {}
}
