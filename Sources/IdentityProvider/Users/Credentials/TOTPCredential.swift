package import FoundationEssentials
import JOSE

/// An authenticator app that a user enrolled (RFC 6238).
package struct TOTPCredential: Sendable, Hashable {
    package let id: Identifier<TOTPCredential>
    package let user: Identifier<User>
    package let name: String
    package let sealedSecret: [UInt8]
    /// `SHA1`, `SHA256` or `SHA512`.
    package let algorithm: String
    package let digits: Int
    /// Seconds.
    package let period: Int
    /// The last time step that was accepted: a code works once (RFC 6238 §5.2).
    package let lastStep: Int
    package let createdAt: Date

    package init(
        id: Identifier<TOTPCredential> = .random(), user: Identifier<User>, name: String, sealedSecret: [UInt8],
        algorithm: String = "SHA1", digits: Int = 6, period: Int = 30, lastStep: Int = 0, createdAt: Date
    ) {
        self.id = id
        self.user = user
        self.name = name
        self.sealedSecret = sealedSecret
        self.algorithm = algorithm
        self.digits = digits
        self.period = period
        self.lastStep = lastStep
        self.createdAt = createdAt
    }
}

extension Identifier where Entity == TOTPCredential {
    /// The same whoever adds the same secret, and however often at once: an authenticator that were kept twice would let
    /// its codes work twice.
    static func of(_ secret: [UInt8], _ user: Identifier<User>, _ digester: SecretDigester) -> Self {
        let digest = digester.digest("\(user) \(Base64URL.encode(secret))", of: TOTPCredential.self)
        return Identifier(rawValue: Base64URL.encode(digest.bytes))
    }
}

package protocol TOTPCredentialStore: Sendable {
    func credentials(of user: Identifier<User>) async throws -> [TOTPCredential]
    /// Keeps it, once. Returns `false`, and keeps nothing, when `owner` has changed since it was read: disabled, another
    /// password, signed out everywhere. Without one, whoever runs the site gives it.
    @discardableResult
    func save(_ credential: TOTPCredential, by owner: User?) async throws -> Bool
    /// Accepts `step` if it is later than the last one. Of many calls with one step exactly one returns `true`.
    func accept(step: Int, for credential: Identifier<TOTPCredential>) async throws -> Bool
    func delete(_ credential: Identifier<TOTPCredential>) async throws
    /// Deletes those of `user` that were added in `period`; returns how many.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
}

extension TOTPCredential: Digested {
    package static let digestLabel = "TOTPCredential"
}
