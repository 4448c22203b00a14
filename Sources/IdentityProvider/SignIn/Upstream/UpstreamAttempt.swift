import FoundationEssentials

/// An in-flight sign-in at an upstream. The browser carries it, sealed, in a cookie.
struct UpstreamAttempt: Codable, Sendable {
    enum Purpose: Codable, Sendable {
        case signIn(Interaction)
        /// A user adds the account at the upstream to their own.
        case link(user: Identifier<User>, session: Identifier<Session>)

        private enum CodingKeys: String, CodingKey { case signIn, link }
        private enum SignInCodingKeys: String, CodingKey { case _0 }
        private enum LinkCodingKeys: String, CodingKey { case user, session }
    }

    /// The `state` of the authorization request: 256 random bits.
    let state: String
    let upstream: Identifier<Upstream>
    let purpose: Purpose
    let nonce: String
    /// The `code_verifier` (RFC 7636 §4.1).
    let verifier: String
    let startedAt: Date
    /// The maximum time since the user signed in at the upstream, in seconds, if it was demanded.
    let maxAge: Int?

    private enum CodingKeys: String, CodingKey {
        case state, upstream, purpose, nonce, verifier, startedAt, maxAge
    }
}
