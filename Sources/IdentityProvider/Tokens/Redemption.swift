/// The result of redeeming a grant. `TokenIssuer` issues its tokens.
struct Redemption: Sendable {
    /// The stored authorization; `nil` if the client acts on its own behalf, because nothing is stored then.
    let authorization: Authorization?
    let granted: Granted
    let target: TokenTarget
    /// `nil` if the client acts on its own behalf.
    let user: User?
    /// Whether the client gets a refresh token. It keeps the one that it has if refresh tokens don't rotate.
    let hasRefreshToken: Bool

    init(_ authorization: Authorization, of user: User, for target: TokenTarget, hasRefreshToken: Bool = true) {
        self.authorization = authorization
        self.user = user
        self.target = target
        self.hasRefreshToken = hasRefreshToken
        granted = authorization.granted
    }

    init(_ granted: Granted, for target: TokenTarget) {
        authorization = nil
        user = nil
        hasRefreshToken = false
        self.granted = granted
        self.target = target
    }

    /// May be narrower than the granted scope (RFC 6749 §6).
    var scope: Scope { target.scope }
}
