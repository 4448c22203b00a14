package import FoundationEssentials

/// What a user or a client was granted. It is the unit of revocation and the parent of its tokens.
package struct Authorization: Sendable, Hashable {
    /// Also the identifier of the authorization code. As a primary key, it ensures that the code works only once.
    package let id: Identifier<Authorization>
    package let granted: Granted
    /// The generation of the current refresh token, the only one that is valid.
    package var generation: Int
    /// When `generation` last increased.
    package var rotatedAt: Date?
    package var revokedAt: Date?
    /// When the last token of the authorization expires: its refresh token or an access token.
    package var expiresAt: Date

    package init(
        id: Identifier<Authorization>, granted: Granted, generation: Int = 0, rotatedAt: Date? = nil,
        revokedAt: Date? = nil, expiresAt: Date
    ) {
        self.id = id
        self.granted = granted
        self.generation = generation
        self.rotatedAt = rotatedAt
        self.revokedAt = revokedAt
        self.expiresAt = expiresAt
    }
}

/// The part of an authorization that never changes.
package struct Granted: Sendable, Hashable, Codable {
    package let client: Identifier<Client>
    /// `nil` if the client acts on its own behalf (RFC 6749 §4.4).
    package let user: Identifier<User>?
    package let session: Identifier<Session>?
    package let scope: Scope
    /// The authorization details (RFC 9396 §2); `nil` if there are none.
    package let details: AuthorizationDetails?
    /// The requested resource servers (RFC 8707).
    package let resources: [String]
    package let nonce: String?
    /// The `claims` parameter (OpenID Connect Core §5.5).
    package let claims: ClaimsRequest?
    /// When the user signed in; `nil` if that is unknown.
    package let authenticatedAt: Date?
    /// When the session expires. `nil` in values that earlier versions stored.
    package let sessionEndsAt: Date?
    package let amr: [String]
    package let acr: String?
    /// The strongest context that the session satisfied. It exceeds `acr` if a trusted browser replaced the second
    /// factor, or if the client requested a weaker `acr`. `nil` in values that earlier versions stored.
    private let standing: AuthenticationContext?
    /// What the sender of its refresh tokens must prove to have: a public client is bound to its keys, because nothing
    /// else identifies it (RFC 9449 §5; RFC 8705 §4).
    var confirmation: Confirmation?
    /// When the authorization began. The absolute lifetime of its refresh tokens starts here. `nil` in a code, and in
    /// values that earlier versions stored.
    package var begunAt: Date?

    private enum CodingKeys: String, CodingKey {
        case client, user, session, scope, details, resources, nonce, claims, authenticatedAt, amr, acr, standing,
            begunAt,
            sessionEndsAt, confirmation
    }

    package init(
        client: Identifier<Client>, user: Identifier<User>? = nil, session: Identifier<Session>? = nil, scope: Scope,
        details: AuthorizationDetails? = nil, resources: [String] = [], nonce: String? = nil,
        claims: ClaimsRequest? = nil, authenticatedAt: Date? = nil,
        sessionEndsAt: Date? = nil, amr: [String] = [], acr: String? = nil,
        satisfying standing: AuthenticationContext? = nil
    ) {
        self.client = client
        self.user = user
        self.session = session
        self.scope = scope
        self.details = details
        self.resources = resources
        self.nonce = nonce
        self.claims = claims
        self.authenticatedAt = authenticatedAt
        self.sessionEndsAt = sessionEndsAt
        self.amr = amr
        self.acr = acr
        self.standing = standing
    }

    /// What the user consented to: the scope, and the scope values that cover individually requested claims.
    var consentedScope: Scope { claims.map { scope.union($0.scope) } ?? scope }

    /// Returns a copy for the authorization that begins at `moment`, whose refresh tokens are bound to `confirmation`.
    func begun(at moment: Date, boundTo confirmation: Confirmation? = nil) -> Granted {
        var granted = self
        granted.begunAt = moment
        granted.confirmation = confirmation
        return granted
    }

    /// `acr` as a comparable value.
    var context: AuthenticationContext { acr.flatMap(AuthenticationContext.init) ?? .singleFactor }
    /// The strongest minimum, as set by issuer, client and roles, that the sign-in satisfies.
    var satisfied: AuthenticationContext { standing ?? context }

    /// Whether the authorization outlives the session (OpenID Connect Core §11).
    package var isOffline: Bool { scope.contains(Scope.offlineAccess) }
}
