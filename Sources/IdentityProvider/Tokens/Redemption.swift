/// What a grant was redeemed for: `TokenIssuer` makes tokens of it.
struct Redemption: Sendable {
    /// As it is stored; `nil` when a client asked for itself, which leaves nothing behind.
    let authorization: Authorization?
    let granted: Granted
    /// May be less than what was granted (RFC 6749 §6).
    let scope: Scope
    let resources: [String]
    /// The person it is for, when it is for one.
    let user: User?

    init(_ authorization: Authorization, of user: User, scope: Scope? = nil, resources: [String] = []) {
        self.authorization = authorization
        self.user = user
        granted = authorization.grant
        self.scope = scope ?? authorization.grant.scope
        self.resources = resources.isEmpty ? authorization.grant.resources : resources
    }

    init(_ granted: Granted) {
        authorization = nil
        user = nil
        self.granted = granted
        scope = granted.scope
        resources = granted.resources
    }
}
