package import FoundationEssentials

/// What was granted, to whom, for whom: the unit of revocation and the parent of its tokens.
package struct Authorization: Sendable, Hashable {
    /// Also the identifier of the code that began it: as a primary key it makes the code work once.
    package let id: Identifier<Authorization>
    package let granted: Granted
    /// The number of the one refresh token that is now good.
    package var generation: Int
    /// When `generation` last moved.
    package var rotatedAt: Date?
    package var revokedAt: Date?
    /// When the refresh token, or without one the last access token, ends.
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
    /// Nobody, when a client asks for itself (RFC 6749 §4.4).
    package let user: Identifier<User>?
    package let session: Identifier<Session>?
    package let scope: Scope
    /// The resource servers asked for (RFC 8707).
    package let resources: [String]
    package let nonce: String?
    /// Claims that were asked for one by one.
    package let claims: ClaimsRequest?
    package let authenticatedAt: Date?
    package let amr: [String]
    package let acr: String?
    /// The strongest rule that the session satisfied. It is more than `acr` where a remembered browser stood in for the
    /// second factor, or where the client wanted to be told of less. `nil` in what was kept before there was this.
    private let standing: AuthenticationContext?
    /// When the authorization began, from which the absolute lifetime of its refresh tokens counts. `nil` in a code, and
    /// in what earlier versions stored.
    package var begunAt: Date?

    private enum CodingKeys: String, CodingKey {
        case client, user, session, scope, resources, nonce, claims, authenticatedAt, amr, acr, standing, begunAt
    }

    package init(
        client: Identifier<Client>, user: Identifier<User>? = nil, session: Identifier<Session>? = nil, scope: Scope,
        resources: [String] = [], nonce: String? = nil, claims: ClaimsRequest? = nil, authenticatedAt: Date? = nil,
        amr: [String] = [], acr: String? = nil, satisfying standing: AuthenticationContext? = nil
    ) {
        self.client = client
        self.user = user
        self.session = session
        self.scope = scope
        self.resources = resources
        self.nonce = nonce
        self.claims = claims
        self.authenticatedAt = authenticatedAt
        self.amr = amr
        self.acr = acr
        self.standing = standing
    }

    /// The same, as stored when the authorization begins.
    func begun(at moment: Date) -> Granted {
        var granted = self
        granted.begunAt = moment
        return granted
    }

    /// `acr` as it compares.
    var context: AuthenticationContext { acr.flatMap(AuthenticationContext.init) ?? .singleFactor }
    /// The strongest rule of issuer, client and roles that it is enough for.
    var satisfied: AuthenticationContext { standing ?? context }

    /// Whether it outlives the session (OpenID Connect Core §11).
    package var isOffline: Bool { scope.contains(Scope.offlineAccess) }
}
