package import FoundationEssentials
import JOSE

/// A user's authenticator app (RFC 6238).
package struct TOTPCredential: Sendable, Hashable {
    package let id: Identifier<TOTPCredential>
    package let user: Identifier<User>
    package let name: String
    package let sealedSecret: [UInt8]
    /// `SHA1`, `SHA256` or `SHA512`.
    package let algorithm: String
    package let digits: Int
    /// In seconds.
    package let period: Int
    /// The last accepted time step, so that a code works only once (RFC 6238 §5.2).
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
    /// Returns an identifier derived from user and secret, so that concurrent enrollments of one secret store it once.
    /// Stored twice, each of its codes would work twice.
    static func of(_ secret: [UInt8], _ user: Identifier<User>, _ digester: SecretDigester) -> Self {
        let digest = digester.digest("\(user) \(Base64URL.encode(secret))", of: TOTPCredential.self)
        return Identifier(rawValue: Base64URL.encode(digest.bytes))
    }
}

package protocol TOTPCredentialStore: Sendable {
    func credentials(of user: Identifier<User>) async throws -> [TOTPCredential]
    /// Stores `credential` once. Returns `false`, and stores nothing, if `owner` has changed since it was read:
    /// disabled, new password, signed out everywhere. `owner` is `nil` if an administrator adds the credential.
    @discardableResult
    func save(_ credential: TOTPCredential, by owner: User?) async throws -> Bool
    /// Accepts `step` if it is later than the last accepted one. Of concurrent calls with one step, exactly one returns
    /// `true`.
    func accept(step: Int, for credential: Identifier<TOTPCredential>) async throws -> Bool
    func delete(_ credential: Identifier<TOTPCredential>) async throws
    /// Deletes the credentials of `user` added in `period` and returns their number.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
}

extension TOTPCredential: Digested {
    package static let digestLabel = "TOTPCredential"
}
