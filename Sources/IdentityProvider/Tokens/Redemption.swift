/// What a grant was redeemed for: `TokenIssuer` makes tokens of it.
struct Redemption: Sendable {
    /// As it is stored; `nil` when a client asked for itself, which leaves nothing behind.
    let authorization: Authorization?
    let granted: Granted
    let target: TokenTarget
    /// The person it is for, when it is for one.
    let user: User?

    init(_ authorization: Authorization, of user: User, for target: TokenTarget) {
        self.authorization = authorization
        self.user = user
        self.target = target
        granted = authorization.granted
    }

    init(_ granted: Granted, for target: TokenTarget) {
        authorization = nil
        user = nil
        self.granted = granted
        self.target = target
    }

    /// May be less than what was granted (RFC 6749 §6).
    var scope: Scope { target.scope }
}
