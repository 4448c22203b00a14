import Crypto
package import FoundationEssentials
import JOSE

/// What a data key protects. Each class has keys of its own, so that one can be replaced without the others.
package enum DataKeyClass: String, CaseIterable, Sendable {
    /// Sealed values that travel: codes, tokens, interactions, links.
    case transit = "transit"
    /// Sealed columns: private keys, TOTP secrets, client secrets, waiting mail.
    case rest = "rest"
    /// Digests of secrets.
    case digest = "digest"
    /// Form tokens.
    case form = "form"
    /// Anti-forgery tokens of the first-party API.
    case cookie = "cookie"
    /// MACs of the audit log.
    case audit = "audit"

    /// Seconds that what travels under a key of the class is good at most; 0 where nothing does.
    func tokenLifetime(_ lifetimes: Lifetimes) -> TimeInterval {
        switch self {
        case .transit: SealedPurpose.longestLifetime(lifetimes)
        // A form lives in a session.
        case .form: lifetimes.session
        // A front end keeps its anti-forgery token for as long as its refresh cookie.
        case .cookie: max(lifetimes.refreshToken, lifetimes.session)
        case .rest, .digest, .audit: 0
        }
    }

    /// HKDF's `info` for the one key that the class uses. Sealing derives a key for each value instead.
    fileprivate var label: String? {
        switch self {
        case .transit, .rest: nil
        case .digest: "secret digest"
        case .form: "form token"
        case .cookie: "first-party anti-forgery token"
        case .audit: "audit log"
        }
    }
}

/// A random key that the database holds wrapped under the master key.
package struct DataKey: Sendable {
    /// Where its material came from.
    enum Origin: UInt8, Sendable {
        case random = 0
        /// A master key of before there were data keys, which did their work itself. What it made carries no key id where
        /// digests and MACs carry one now.
        case masterKey = 1
    }

    static let idSize = 4

    let keyClass: DataKeyClass
    /// Counts the keys of a class. The highest whose time has come is the one in use.
    let number: Int
    let id: [UInt8]
    let origin: Origin
    /// From when new values are made with it. It opens at once, so that no node meets a value it cannot open.
    let usedFrom: Date
    /// 32 bytes.
    let material: SymmetricKey
    /// What the class computes with: `material`, or a key derived from it.
    let working: SymmetricKey

    init(
        _ keyClass: DataKeyClass, number: Int, id: [UInt8], origin: Origin, usedFrom: Date, material: SymmetricKey
    ) {
        self.keyClass = keyClass
        self.number = number
        self.id = id
        self.origin = origin
        self.usedFrom = usedFrom
        self.material = material
        working =
            keyClass.label.map {
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: material, info: Array("martlet \($0)".utf8), outputByteCount: 32)
            } ?? material
    }

    /// `id (4) ‖ HMAC-SHA256 (32)`; under an adopted master key the HMAC alone, as it was before there were ids.
    func mac(over input: [UInt8]) -> [UInt8] {
        (origin == .random ? id : []) + HMAC<SHA256>.authenticationCode(for: input, using: working)
    }

    static func random(_ keyClass: DataKeyClass, number: Int, usedFrom: Date) -> DataKey {
        DataKey(
            keyClass, number: number, id: RandomBytes.make(idSize), origin: .random, usedFrom: usedFrom,
            material: SymmetricKey(size: .bits256))
    }
}

/// A data key as it is stored.
package struct DataKeyRecord: Sendable, Hashable {
    package let keyClass: String
    /// With the class it is unique: of many nodes one makes the next key.
    package let number: Int
    package let id: [UInt8]
    /// To the millisecond.
    package let usedFrom: Date
    /// AES-256-GCM under the master key: nonce (12) ‖ ciphertext ‖ tag (16).
    package let wrapped: [UInt8]
    /// The master key's name.
    package let masterKey: String

    package init(
        keyClass: String, number: Int, id: [UInt8], usedFrom: Date, wrapped: [UInt8], masterKey: String
    ) {
        self.keyClass = keyClass
        self.number = number
        self.id = id
        self.usedFrom = usedFrom
        self.wrapped = wrapped
        self.masterKey = masterKey
    }
}

package protocol DataKeyStore: Sendable {
    /// By class, then number.
    func all() async throws -> [DataKeyRecord]
    /// Keeps the first keys of an issuer, all or none. `false` when it has data keys already or, with `isNew`, has ever had
    /// a signing key.
    func establish(_ keys: [DataKeyRecord], isNew: Bool) async throws -> Bool
    /// `false` when the class has a key of this number already, or other keys are wrapped under another master key.
    func insert(_ key: DataKeyRecord) async throws -> Bool
    /// Puts `new` in the place of `old`, unless that has changed. Returns whether it did.
    func rewrap(_ old: DataKeyRecord, as new: DataKeyRecord) async throws -> Bool
    func delete(_ keyClass: String, number: Int) async throws
    /// Deletes a key of values at rest, unless one is left that it sealed. Returns whether it did.
    func deleteUnused(_ number: Int, id: [UInt8]) async throws -> Bool
    /// Replaces a digest wherever it is kept.
    func renew(_ column: DigestColumn, from old: [UInt8], to new: [UInt8]) async throws
    /// The ids of the keys that kept digests were made with; an empty one stands for an adopted master key.
    func digestKeysInUse() async throws -> Set<[UInt8]>
    /// Sealed values of a column by id, those after `id`.
    func sealed(_ column: SealedColumn, after id: String, limit: Int) async throws -> [SealedValue]
    /// Puts `new` in the place of a sealed value, unless that has changed. Returns whether it did.
    func reseal(_ column: SealedColumn, _ value: SealedValue, as new: [UInt8]) async throws -> Bool
}

/// A column whose values are sealed at rest.
package enum SealedColumn: Sendable, CaseIterable {
    case privateKey, clientSecret, oneTimePasswordSecret, mail

    var purpose: SealedPurpose {
        switch self {
        case .privateKey: .privateKey
        case .clientSecret: .clientSecret
        case .oneTimePasswordSecret: .oneTimePasswordSecret
        case .mail: .mail
        }
    }
}

/// A sealed value with the identifier of its row.
package struct SealedValue: Sendable {
    package let id: String
    package let bytes: [UInt8]

    package init(id: String, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }
}
