package import FoundationEssentials
package import JOSE

package protocol UserStore: Sendable {
    func find(_ id: Identifier<User>) async throws -> User?
    /// By username or e-mail address, compared as `User.key(of:)` says.
    func find(named name: String) async throws -> User?
    /// All users in the order of their names, after `name`, at most `limit`.
    func list(after name: String?, limit: Int) async throws -> [User]
    /// Inserts or replaces. Throws `NameTaken` when another user has the name or address.
    func save(_ user: User) async throws
    /// Inserts a user with their first authenticator, both or neither. Throws `NameTaken`.
    func add(_ user: User, with authenticator: TOTPCredential?) async throws
    /// Sets what differs between `stored` and `user`, but for the password, if nobody changed it after `stored` was read.
    /// Returns whether it did. Throws `NameTaken`.
    func update(_ stored: User, to user: User) async throws -> Bool
    /// Replaces the hash if it is still `old`: an upgrade must not undo a change of the password. Returns whether it did.
    @discardableResult
    func replacePasswordHash(of user: Identifier<User>, from old: String, with new: String) async throws -> Bool
    /// Sets the hash if `user` is unchanged: enabled, with the same password, and not signed out everywhere since it was
    /// read. `mailedAt` says when it was last reset by mail. Returns whether it did.
    func setPasswordHash(of user: User, to hash: String, mailedAt: Date?, at now: Date) async throws -> Bool
    /// Sets the hash, or takes the password away, whatever it was.
    func setPasswordHash(of user: Identifier<User>, to hash: String?, at now: Date) async throws
    /// Refuses the user from now on, or does so no more.
    func setDisabled(_ user: Identifier<User>, to isDisabled: Bool, at now: Date) async throws
    /// Remembers that `email` reaches the user, if it still is their address.
    func verifyEmail(_ email: String, of user: Identifier<User>, at now: Date) async throws
    /// Gives the user another address, which was proven, if theirs still is that of `user`; returns whether it did. A
    /// username that was the address goes along. Throws `NameTaken` when another user has it.
    func changeEmail(of user: User, to email: String, at now: Date) async throws -> Bool
    /// Replaces the claims if they still are those of `user`; returns whether it did.
    func changeClaims(of user: User, to claims: JSONObject, at now: Date) async throws -> Bool
    /// Replaces roles and groups if they still are `old`: of two changes at once none is lost. Returns whether it did.
    func replaceMembership(of user: Identifier<User>, from old: Membership, to new: Membership) async throws -> Bool
}

extension UserStore {
    /// The user, unless they are unknown or disabled.
    func findEnabled(_ id: Identifier<User>) async throws -> User? {
        guard let user = try await find(id), !user.isDisabled else { return nil }
        return user
    }
}

/// Another user has this name or address.
package struct NameTaken: Error {
    package init() {}
}
