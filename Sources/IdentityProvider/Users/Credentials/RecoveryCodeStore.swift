package import FoundationEssentials

/// Names what is kept of a code for the day when every other second factor is lost.
package enum RecoveryCode {}

package protocol RecoveryCodeStore: Sendable {
    func count(of user: Identifier<User>) async throws -> Int
    /// Keeps these in place of all others of the user, in one transaction. Returns `false`, and changes nothing, when `user`
    /// has changed since it was read: disabled, another password, signed out everywhere.
    func replace(_ codes: [SecretDigest<RecoveryCode>], of user: User, at now: Date) async throws -> Bool
    /// When the user's present set was made; `nil` where none is left of it.
    func madeAt(of user: Identifier<User>) async throws -> Date?
    /// Deletes the codes of `user` that were made in `period`; returns how many.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
    /// Removes the code that has one of these digests. Of many calls with one code exactly one returns `true`.
    func consume(_ digests: [SecretDigest<RecoveryCode>], of user: Identifier<User>) async throws -> Bool
}

extension RecoveryCodeStore {
    package func consume(_ digest: SecretDigest<RecoveryCode>, of user: Identifier<User>) async throws -> Bool {
        try await consume([digest], of: user)
    }
}

extension RecoveryCode: Digested {
    package static let digestLabel = "RecoveryCode"
}
