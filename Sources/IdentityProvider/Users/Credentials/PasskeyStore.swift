package import FoundationEssentials

package protocol PasskeyStore: Sendable {
    func find(_ id: Identifier<Passkey>) async throws -> Passkey?
    /// Returns the passkeys of `user`, oldest first.
    func passkeys(of user: Identifier<User>) async throws -> [Passkey]
    /// Stores `passkey` unless any user has one with this credential ID (WebAuthn L3 §7.1 step 26), or `owner` has
    /// changed since it was read: disabled, new password, signed out everywhere. Returns whether it did.
    func add(_ passkey: Passkey, by owner: User) async throws -> Bool
    /// Stores `signCount`, unless the authenticator counts and its count has not increased (§7.2 step 22). Of
    /// concurrent calls with one count above 0, exactly one returns `true`.
    func use(_ id: Identifier<Passkey>, signCount: Int, isBackedUp: Bool, at moment: Date) async throws -> Bool
    /// Renames the passkey. Returns `false` if `user` has no such passkey.
    func rename(_ id: Identifier<Passkey>, of user: Identifier<User>, to name: String) async throws -> Bool
    /// Removes the passkey unless it is the user's last way to sign in. A password, another passkey, and links to the
    /// `usable` authorities are ways. Concurrent removals, on any nodes, always leave one.
    func remove(
        _ id: Identifier<Passkey>, of user: Identifier<User>, usable: [Identifier<UpstreamAuthority>],
        at moment: Date
    ) async throws -> PasskeyRemoval
    /// Deletes the passkeys of `user` added in `period` and returns their number.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
}

/// The result of removing a passkey.
package enum PasskeyRemoval: Sendable, Hashable {
    case removed
    /// The user has no such passkey.
    case unknown
    /// Not removed: without it the user could not sign in.
    case last
}
