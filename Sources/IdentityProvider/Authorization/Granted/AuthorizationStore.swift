package import FoundationEssentials

package protocol AuthorizationStore: Sendable {
    /// Redeems the code with the authorization's identifier and stores the authorization, in one transaction. Of all
    /// concurrent calls for an identifier, across all nodes, exactly one returns `true`. Also returns `false` if the
    /// session has ended or doesn't support what is granted (`Session.supports`). With `interest`, the client is told
    /// when the session ends.
    func create(_ authorization: Authorization, interest: LogoutInterest?, at now: Date) async throws -> Bool
    func find(_ id: Identifier<Authorization>) async throws -> Authorization?
    /// Advances `stored`, as returned by `find`, to the next generation if `generation` is the current one. `grace` is
    /// in seconds. Doesn't revoke anything on reuse: that is up to the caller.
    func rotate(
        _ stored: Authorization, from generation: Int, grace: TimeInterval, expiresAt: Date, at now: Date
    ) async throws -> Rotation
    /// Keeps `stored` until `expiresAt`, like `rotate`, but without a new generation. Returns `rotated` with the same
    /// generation, or `gone`.
    func keep(
        _ stored: Authorization, at generation: Int, expiresAt: Date, at now: Date
    ) async throws -> Rotation
    func revoke(_ id: Identifier<Authorization>, at now: Date) async throws
    /// Revokes all authorizations of a session, including offline access. Only `SessionEnd` calls this.
    func revoke(session: Identifier<Session>, at now: Date) async throws
    /// Revokes all authorizations of a user, including offline access. Only `SessionEnd` calls this.
    func revoke(user: Identifier<User>, at now: Date) async throws
    /// Revokes all authorizations that `user` granted to `client`.
    func revoke(user: Identifier<User>, client: Identifier<Client>, at now: Date) async throws
    /// Revokes all authorizations of `client` and returns how many.
    @discardableResult
    func revoke(client: Identifier<Client>, at now: Date) async throws -> Int
}

/// The result of presenting a refresh token.
package enum Rotation: Sendable, Hashable {
    /// The token was current and has been replaced.
    case rotated(Authorization)
    /// The token was replaced within the grace period, by a retry or another tab. It gets the same successor.
    case repeated(Authorization)
    /// The token was replaced before the grace period: a replay, so the token may have been copied (RFC 9700 §4.14.2).
    case reused
    /// The authorization doesn't exist, was revoked, or has expired.
    case gone
}
