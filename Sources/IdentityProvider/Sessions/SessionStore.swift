package import FoundationEssentials

package protocol SessionStore: Sendable {
    /// Keeps `session`, where the sign-in came from, and ends `former`, in one transaction: a sign-in never leaves the old
    /// session usable (session fixation). When `session` goes on under the identifier of `former`, because the same person signed in
    /// again, their authorizations stay; otherwise those of `former` are revoked as by `end`.
    func begin(_ session: Session, from origin: SignInOrigin, replacing former: Identifier<Session>?) async throws
    /// The session with one of these secrets, unless it expired.
    func find(_ secrets: [SecretDigest<Session>], at now: Date) async throws -> Session?
    /// The session of this identifier, unless it ended or expired.
    func find(_ id: Identifier<Session>, at now: Date) async throws -> Session?
    /// Those of one person that have not expired, the latest first.
    func sessions(of user: Identifier<User>, at now: Date) async throws -> [Session]
    /// Ends the session and revokes its authorizations, but for those with `offline_access`
    /// (OpenID Connect Core §11), in one transaction.
    func end(_ id: Identifier<Session>, at now: Date) async throws
    /// Ends all of a user's sessions as above.
    func endAll(of user: Identifier<User>, at now: Date) async throws
}

extension SessionStore {
    package func find(_ secret: SecretDigest<Session>, at now: Date) async throws -> Session? {
        try await find([secret], at: now)
    }

    /// Where the origin of the sign-in is not kept.
    package func begin(_ session: Session, replacing former: Identifier<Session>?) async throws {
        try await begin(session, from: SignInOrigin(), replacing: former)
    }
}
