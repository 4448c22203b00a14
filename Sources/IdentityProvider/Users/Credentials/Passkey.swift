import Crypto
package import FoundationEssentials
import JOSE

/// A user's passkey: the credential record of WebAuthn L3 §4.
package struct Passkey: Sendable, Hashable {
    package let user: Identifier<User>
    package var name: String
    /// At most 1,023 bytes.
    package let credentialID: [UInt8]
    /// The encoded COSE key.
    package let publicKey: [UInt8]
    package var signCount: Int
    /// The model of the authenticator, in 16 bytes.
    package let aaguid: [UInt8]
    /// How browsers can reach the authenticator, as a hint (WebAuthn L3 §5.8.4).
    package let transports: [String]
    package let isBackupEligible: Bool
    package var isBackedUp: Bool
    /// Whether the authenticator verified the user at enrollment. Only then does later verification count,
    /// because a thief of an authenticator without a PIN can set one (§7.2 step 24).
    package let isUserVerificationInitialized: Bool
    package let createdAt: Date
    package var lastUsedAt: Date?

    package init(
        user: Identifier<User>, name: String, credentialID: [UInt8], publicKey: [UInt8], signCount: Int,
        aaguid: [UInt8], transports: [String], isBackupEligible: Bool, isBackedUp: Bool,
        isUserVerificationInitialized: Bool, createdAt: Date, lastUsedAt: Date? = nil
    ) {
        self.user = user
        self.name = name
        self.credentialID = credentialID
        self.publicKey = publicKey
        self.signCount = signCount
        self.aaguid = aaguid
        self.transports = transports
        self.isBackupEligible = isBackupEligible
        self.isBackedUp = isBackedUp
        self.isUserVerificationInitialized = isUserVerificationInitialized
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }

    /// The factor that its owner has shown by enrolling it.
    var shown: ShownFactor {
        .passkey(verifiesUser: isUserVerificationInitialized, isHardware: !isBackupEligible)
    }

    package var id: Identifier<Passkey> { Self.id(of: credentialID) }

    /// Returns a digest of the credential ID, which may be too long for a database key.
    package static func id(of credentialID: [UInt8]) -> Identifier<Passkey> {
        Identifier(rawValue: Base64URL.encode(Array(SHA256.hash(data: credentialID))))
    }

    /// Returns the name as typed, at most 64 characters, or a default.
    static func name(typed text: String?) -> String {
        let words = (text ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty || words.utf8.count > 255 ? "Passkey" : String(words.prefix(64))
    }
}
