package import FoundationEssentials

package protocol PasskeyStore: Sendable {
    func find(_ id: Identifier<Passkey>) async throws -> Passkey?
    /// The oldest first.
    func passkeys(of user: Identifier<User>) async throws -> [Passkey]
    /// Keeps it unless anybody has a passkey with this credential id (WebAuthn L3 §7.1 step 26), or `owner` has changed since
    /// it was read: disabled, another password, signed out everywhere. Returns whether it did.
    func add(_ passkey: Passkey, by owner: User) async throws -> Bool
    /// Moves the sign count on, unless it stands still although it counts (§7.2 step 22). Of many calls with one count
    /// above 0 exactly one returns `true`.
    func use(_ id: Identifier<Passkey>, signCount: Int, isBackedUp: Bool, at moment: Date) async throws -> Bool
    /// Returns whether `user` has it.
    func rename(_ id: Identifier<Passkey>, of user: Identifier<User>, to name: String) async throws -> Bool
    /// Removes it, unless it is the last way into an account without a password. However many are removed at once, and on
    /// however many nodes, one way stays.
    func remove(_ id: Identifier<Passkey>, of user: Identifier<User>, at moment: Date) async throws -> PasskeyRemoval
    /// Deletes those of `user` that were added in `period`; returns how many.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
}

/// What came of the removal of a passkey.
package enum PasskeyRemoval: Sendable, Hashable {
    case removed
    /// The user has no such passkey.
    case unknown
    /// It stays: without it nobody could sign in.
    case last
}
