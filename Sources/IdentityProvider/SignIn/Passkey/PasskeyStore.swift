package import FoundationEssentials

package protocol PasskeyStore: Sendable {
    func find(_ id: Identifier<Passkey>) async throws -> Passkey?
    /// The oldest first.
    func passkeys(of user: Identifier<User>) async throws -> [Passkey]
    /// Keeps it unless anybody has a passkey with this credential id (WebAuthn L3 §7.1 step 26). Returns whether it did.
    func add(_ passkey: Passkey) async throws -> Bool
    /// Moves the sign count on, unless it stands still although it counts (§7.2 step 22). Of many calls with one count
    /// above 0 exactly one returns `true`.
    func use(_ id: Identifier<Passkey>, signCount: Int, isBackedUp: Bool, at moment: Date) async throws -> Bool
    /// Returns whether `user` has it.
    func rename(_ id: Identifier<Passkey>, of user: Identifier<User>, to name: String) async throws -> Bool
    /// Returns whether `user` had it.
    func delete(_ id: Identifier<Passkey>, of user: Identifier<User>) async throws -> Bool
}
