package import FoundationEssentials

/// The entity of recovery code digests. A recovery code signs a user in when every other second factor is lost.
package enum RecoveryCode {}

/// The entity of access code digests. An access code replaces a lost second factor once.
package enum AccessCode {}

package protocol RecoveryCodeStore: Sendable {
    func count(of user: Identifier<User>) async throws -> Int
    /// Replaces the user's codes in one transaction. Returns `false`, and changes nothing, if `user` has changed since
    /// it was read: disabled, new password, signed out everywhere. No codes only remove the former ones, whatever has
    /// changed: then it returns whether there were any.
    func replace(_ codes: [SecretDigest<RecoveryCode>], of user: User, at now: Date) async throws -> Bool
    /// Returns when the user's current set was made, or `nil` if none of it is left.
    func madeAt(of user: Identifier<User>) async throws -> Date?
    /// Deletes the codes of `user` made in `period` and returns their number.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
    /// Deletes the code with one of these digests. Of concurrent calls for one code, exactly one returns `true`.
    func consume(_ digests: [SecretDigest<RecoveryCode>], of user: Identifier<User>) async throws -> Bool

    /// Replaces the access code of `user`, of which there is at most one. Returns `false`, and changes nothing, if `user`
    /// has changed since it was read: disabled, new password, signed out everywhere. `nil` only removes the former code,
    /// whatever has changed: then it returns whether there was one.
    func replaceAccessCode(
        _ code: SecretDigest<AccessCode>?, of user: User, until expiry: Date, at now: Date
    ) async throws -> Bool
    /// Returns when the user's access code expires, or `nil` if they have none. It may have expired.
    func accessCodeExpiry(of user: Identifier<User>) async throws -> Date?
    /// Deletes the access code with one of these digests unless it has expired. Of concurrent calls for one code,
    /// exactly one returns `true`.
    func consumeAccessCode(
        _ digests: [SecretDigest<AccessCode>], of user: Identifier<User>, at now: Date
    ) async throws -> Bool
}

extension RecoveryCodeStore {
    package func consume(_ digest: SecretDigest<RecoveryCode>, of user: Identifier<User>) async throws -> Bool {
        try await consume([digest], of: user)
    }
}

extension RecoveryCode: Digested {
    package static let digestLabel = "RecoveryCode"
}

extension AccessCode: Digested {
    package static let digestLabel = "AccessCode"
}
