import Crypto
import FoundationEssentials
import JOSE

/// What a sealed value is for: a value made for one purpose cannot be opened for another.
package struct SealedPurpose: Hashable, Sendable {
    package let name: String
    package init(_ name: String) { self.name = name }
}

extension SealedPurpose {
    static let interaction = SealedPurpose("interaction")
    static let authorizationCode = SealedPurpose("authorization code")
    static let refreshToken = SealedPurpose("refresh token")
    static let accessToken = SealedPurpose("access token")
    static let passkeyCeremony = SealedPurpose("passkey ceremony")
    static let signOut = SealedPurpose("sign-out")
    static let privateKey = SealedPurpose("private key")
    static let clientSecret = SealedPurpose("client secret")
    static let mail = SealedPurpose("mail")
    static let emailCode = SealedPurpose("e-mail code")
    static let totpOffer = SealedPurpose("authenticator app offered")
    static let oneTimePasswordSecret = SealedPurpose("one-time password secret")
}

/// Makes opaque values that only Martlet can read or make: AES-256-GCM, each value under its own key, which HKDF
/// derives from a random salt, so that the limit on random nonces is never near.
///
/// `version (1) ‖ master key id (4) ‖ salt (16) ‖ ciphertext ‖ tag (16)`, as base64url.
package struct Sealer: Sendable {
    private let masterKeys: MasterKeys
    private let issuer: String

    package init(_ masterKeys: MasterKeys, issuer: Issuer) {
        self.masterKeys = masterKeys
        self.issuer = issuer.identifier
    }

    package func seal(_ value: some Encodable, for purpose: SealedPurpose) throws -> String {
        try Base64URL.encode(seal(Array(JSONEncoder().encode(value)), for: purpose))
    }

    /// Throws `NotOurs` for anything that this issuer did not seal for this purpose.
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
        let master = masterKeys.current
        let salt = RandomBytes.make(Self.saltSize)
        let header = [Self.version] + master.id + salt
        let box = try AES.GCM.seal(
            plaintext, using: key(master, salt: salt, purpose: purpose), nonce: AES.GCM.Nonce(data: Self.nonce),
            authenticating: header)
        return header + box.ciphertext + box.tag
    }

    package func open(_ sealed: [UInt8], for purpose: SealedPurpose) throws(NotOurs) -> [UInt8] {
        let headerSize = 1 + MasterKeys.idSize + Self.saltSize
        guard sealed.count >= headerSize + Self.tagSize, sealed[0] == Self.version,
            let master = masterKeys.find(Array(sealed[1...MasterKeys.idSize]))
        else { throw NotOurs() }
        let header = sealed[..<headerSize]
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: Self.nonce), ciphertext: sealed[headerSize..<(sealed.count - Self.tagSize)],
                tag: sealed.suffix(Self.tagSize))
            let salt = header.suffix(Self.saltSize)
            return try Array(
                AES.GCM.open(box, using: key(master, salt: salt, purpose: purpose), authenticating: header))
        } catch {
            throw NotOurs()
        }
    }

    private func key(_ master: MasterKeys.Key, salt: some Collection<UInt8>, purpose: SealedPurpose) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: master.material, salt: Array(salt), info: Array("\(purpose.name)\u{0}\(issuer)".utf8),
            outputByteCount: 32)
    }

    private static let version: UInt8 = 1
    private static let saltSize = 16
    private static let tagSize = 16
    /// Constant, because every key encrypts one value only.
    private static let nonce = [UInt8](repeating: 0, count: 12)
}

/// The text is not a value that Martlet sealed for this purpose and issuer. Says no more on purpose.
package struct NotOurs: Error {
    package init() {}
}
