package import FoundationEssentials

package protocol AuthorizationStore: Sendable {
    /// Spends the code that has the authorization's identifier, and keeps the authorization, in one transaction. Of
    /// all calls for one identifier exactly one returns `true`, however many run at once and on however many nodes.
    /// Also `false` when the authorization's session has ended, or does not support what is granted.
    func create(_ authorization: Authorization, at now: Date) async throws -> Bool
    func find(_ id: Identifier<Authorization>) async throws -> Authorization?
    /// Moves what `find` returned to the next generation if `generation` is the current one; says which of the four cases
    /// it was. `grace` is in seconds. Does not revoke: the caller decides.
    func rotate(
        _ stored: Authorization, from generation: Int, grace: TimeInterval, expiresAt: Date, at now: Date
    ) async throws -> Rotation
    func revoke(_ id: Identifier<Authorization>, at now: Date) async throws
    /// Revokes all that was granted in a session, including offline access. Only `SessionEnd` calls this.
    func revoke(session: Identifier<Session>, at now: Date) async throws
    /// Revokes all that `user` granted, including offline access. Only `SessionEnd` calls this.
    func revoke(user: Identifier<User>, at now: Date) async throws
    /// Revokes all that `user` granted to `client`.
    func revoke(user: Identifier<User>, client: Identifier<Client>, at now: Date) async throws
    /// Revokes all that anybody granted to `client`. Returns how many authorizations there were.
    @discardableResult
    func revoke(client: Identifier<Client>, at now: Date) async throws -> Int
}

/// What became of a refresh token that was presented.
package enum Rotation: Sendable, Hashable {
    /// It was the current one and has a successor now.
    case rotated(Authorization)
    /// Its successor was made a moment ago, by a retry or by another tab: it gets the same successor.
    case repeated(Authorization)
    /// It was used before, and not just now: somebody has a copy (RFC 9700 §4.14.2).
    case reused
    /// There is no such authorization, or it was revoked or has expired.
    case gone
}
