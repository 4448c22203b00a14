package import FoundationEssentials
package import JOSE

package protocol UserStore: Sendable {
    func find(_ id: Identifier<User>) async throws -> User?
    /// Returns those of these users that exist, in any order.
    func find(_ ids: Set<Identifier<User>>) async throws -> [User]
    /// Returns the user with this username or email address, compared by `User.key(of:)`.
    func find(named name: String) async throws -> User?
    /// Returns at most `limit` users, sorted by name, after `name`.
    func list(after name: String?, limit: Int) async throws -> [User]
    /// Inserts or replaces `user`. Throws `NameTaken` if another user has the username or address.
    func save(_ user: User) async throws
    /// Inserts a user together with their first authenticator. Throws `NameTaken`.
    func add(_ user: User, with authenticator: TOTPCredential?) async throws
    /// Writes the columns that differ between `stored` and `user`, except the password, unless one of them has changed
    /// since `stored` was read. Returns whether it did. Throws `NameTaken`.
    func update(_ stored: User, to user: User) async throws -> Bool
    /// Replaces the hash if it is still `old`, so that an upgrade does not undo a password change. Returns whether it
    /// did.
    @discardableResult
    func replacePasswordHash(of user: Identifier<User>, from old: String, with new: String) async throws -> Bool
    /// Sets the hash if `user` is unchanged since it was read: enabled, same password, not signed out everywhere.
    /// `mailedAt` is when the password was last reset by email. Returns whether it did.
    func setPasswordHash(of user: User, to hash: String, mailedAt: Date?, at now: Date) async throws -> Bool
    /// Sets the hash, or removes the password, unconditionally.
    func setPasswordHash(of user: Identifier<User>, to hash: String?, at now: Date) async throws
    /// Disables or enables the user.
    func setDisabled(_ user: Identifier<User>, to isDisabled: Bool, at now: Date) async throws
    /// Marks `email` as verified, if it is still the user's address.
    func verifyEmail(_ email: String, of user: Identifier<User>, at now: Date) async throws
    /// Changes the address to `email`, which is verified, if it is still that of `user`. A username that equals the old
    /// address changes with it. Returns whether it did. Throws `NameTaken` if another user has the address.
    func changeEmail(of user: User, to email: String, at now: Date) async throws -> Bool
    /// Replaces claims and attributes if `user` has not changed since it was read. Returns whether it did.
    func changeProfile(of user: User, to claims: JSONObject, _ attributes: JSONObject, at now: Date) async throws
        -> Bool
    /// Replaces roles and groups if they are still `old`, so that no concurrent change is lost. Returns whether it did.
    func replaceMembership(of user: Identifier<User>, from old: Membership, to new: Membership) async throws -> Bool
}

extension UserStore {
    /// Returns the user, or `nil` if they are unknown or disabled.
    func findEnabled(_ id: Identifier<User>) async throws -> User? {
        guard let user = try await find(id), !user.isDisabled else { return nil }
        return user
    }
}

/// Another user has this username or email address.
package struct NameTaken: Error {
    package init() {}
}
