import Crypto
package import FoundationEssentials
import JOSE

/// What a data key protects. Each class has its own keys, so that they can be replaced independently.
package enum DataKeyClass: String, CaseIterable, Sendable {
    /// Sealed values in transit: codes, tokens, interactions, links.
    case transit = "transit"
    /// Sealed values in the database: private keys, TOTP secrets, client secrets, queued mail.
    case rest = "rest"
    /// Digests of secrets.
    case digest = "digest"
    /// Form tokens.
    case form = "form"
    /// Anti-forgery tokens of the first-party API.
    case cookie = "cookie"
    /// MACs of the audit log.
    case audit = "audit"

    /// Returns the maximum lifetime of values in transit under a key of the class, in seconds; 0 if there are none.
    func tokenLifetime(_ lifetimes: Lifetimes) -> TimeInterval {
        switch self {
        case .transit: SealedPurpose.longestLifetime(lifetimes)
        // A form is bound to its session.
        case .form: lifetimes.session
        // A front end keeps its anti-forgery token as long as its refresh cookie.
        case .cookie: max(lifetimes.refreshToken, lifetimes.session)
        case .rest, .digest, .audit: 0
        }
    }

    /// The HKDF `info` of the key that the class works with; `nil` for sealing, which derives a key for each value.
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

/// An unwrapped data key. The database stores it wrapped under the master key.
package struct DataKey: Sendable {
    /// The source of the key material.
    enum Origin: UInt8, Sendable {
        case random = 0
        /// A master key from before there were data keys, when master keys sealed and digested values directly. The
        /// digests and MACs it made carry no key id.
        case masterKey = 1
    }

    static let idSize = 4

    let keyClass: DataKeyClass
    /// The number of the key within its class. The highest number whose `usedFrom` has passed is current.
    let number: Int
    let id: [UInt8]
    let origin: Origin
    /// When the key starts to make new values. It is stored earlier, so that no node receives a value it can't open.
    let usedFrom: Date
    /// 32 bytes.
    let material: SymmetricKey
    /// The key that the class works with: `material`, or a key derived from it.
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

    /// Returns `id (4) ‖ HMAC-SHA256 (32)`; for an adopted master key, the HMAC alone, as in versions without key ids.
    func mac(over input: [UInt8]) -> [UInt8] {
        (origin == .random ? id : []) + HMAC<SHA256>.authenticationCode(for: input, using: working)
    }

    static func random(_ keyClass: DataKeyClass, number: Int, usedFrom: Date) -> DataKey {
        DataKey(
            keyClass, number: number, id: RandomBytes.make(idSize), origin: .random, usedFrom: usedFrom,
            material: SymmetricKey(size: .bits256))
    }
}

/// The stored form of a data key.
package struct DataKeyRecord: Sendable, Hashable {
    package let keyClass: String
    /// Unique within the class, so that only one node creates the next key.
    package let number: Int
    package let id: [UInt8]
    /// In whole milliseconds.
    package let usedFrom: Date
    /// AES-256-GCM under the master key: nonce (12) ‖ ciphertext ‖ tag (16).
    package let wrapped: [UInt8]
    /// The name of the master key.
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
    /// Returns all keys, ordered by class and number.
    func all() async throws -> [DataKeyRecord]
    /// Stores the first keys of an issuer, all or none. Returns `false` if the issuer already has data keys or, with
    /// `isNew`, has ever had a signing key.
    func establish(_ keys: [DataKeyRecord], isNew: Bool) async throws -> Bool
    /// Returns `false` if the class already has a key with this number, or if other keys are wrapped under a different
    /// master key.
    func insert(_ key: DataKeyRecord) async throws -> Bool
    /// Replaces `old` with `new` unless `old` has changed. Returns whether it was replaced.
    func rewrap(_ old: DataKeyRecord, as new: DataKeyRecord) async throws -> Bool
    func delete(_ keyClass: String, number: Int) async throws
    /// Deletes a key of class `rest` unless a stored value is sealed under it. Returns whether it was deleted.
    func deleteUnused(_ number: Int, id: [UInt8]) async throws -> Bool
    /// Replaces a stored digest.
    func renew(_ column: DigestColumn, from old: [UInt8], to new: [UInt8]) async throws
    /// Returns the ids of the keys of all stored digests. An empty id stands for an adopted master key.
    func digestKeysInUse() async throws -> Set<[UInt8]>
    /// Returns the sealed values of a column in rows after `id`, ordered by row id, at most `limit`.
    func sealed(_ column: SealedColumn, after id: String, limit: Int) async throws -> [SealedValue]
    /// Replaces a sealed value with `new` unless it has changed. Returns whether it was replaced.
    func reseal(_ column: SealedColumn, _ value: SealedValue, as new: [UInt8]) async throws -> Bool
}

/// A database column with sealed values.
package enum SealedColumn: Sendable, CaseIterable {
    case privateKey, clientSecret, oneTimePasswordSecret, mail, upstreamSecret, upstreamTokens
    case streamAuthorization, securityEvent

    var purpose: SealedPurpose {
        switch self {
        case .privateKey: .privateKey
        case .clientSecret: .clientSecret
        case .oneTimePasswordSecret: .oneTimePasswordSecret
        case .mail: .mail
        case .upstreamSecret: .upstreamSecret
        case .upstreamTokens: .upstreamTokens
        case .streamAuthorization: .streamAuthorization
        case .securityEvent: .securityEvent
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
