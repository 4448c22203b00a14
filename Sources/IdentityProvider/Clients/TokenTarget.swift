/// What an access token is for: resource servers, each with at least one of its scopes, or the issuer alone (RFC 9068 §3).
/// The initializer is the only check, for every grant.
struct TokenTarget: Sendable {
    /// Empty when the token is for the issuer alone.
    let servers: [ResourceServer]
    /// The scope that takes effect: the issuer's own values and those of `servers`.
    let scope: Scope
    /// Whether `resource` chose the servers.
    private let isNarrowed: Bool

    /// `granted` are the resources of the authorization, `requested` those of this request. Both narrow the audience and
    /// neither widens it (RFC 8707 §2.2).
    ///
    /// Throws `invalid_target` for a resource without a scope that is both in `scope` and registered for `client`, and
    /// `invalid_scope` if none of `scope` is available any longer.
    init(
        _ scope: Scope, of client: Client, in catalog: ResourceCatalog, granted: [String] = [],
        requested: [String] = []
    ) throws(OAuthError) {
        let allowed = scope.intersection(client.scope)
        let reachable = catalog.servers.filter { server in
            server.scopes.contains(where: allowed.contains) && (granted.isEmpty || granted.contains(server.identifier))
        }
        isNarrowed = !granted.isEmpty || !requested.isEmpty
        // Every requested resource must qualify: the client would mistake a token for some of them for a token for all.
        guard requested.allSatisfy({ name in reachable.contains { $0.identifier == name } }),
            !isNarrowed || !reachable.isEmpty
        else {
            Decision.note("A resource has no scope that is granted and registered for the client (RFC 8707 §2).")
            throw OAuthError(
                code: .invalidTarget,
                description: "every resource needs one of its scopes, registered for the client and granted")
        }
        servers = requested.isEmpty ? reachable : reachable.filter { requested.contains($0.identifier) }
        self.scope = allowed.intersection(Scope.standard.union(Scope(servers.flatMap(\.scopes))))
        guard scope.isEmpty || !self.scope.isEmpty else {
            throw .invalidScope("none of these scopes is available to the client any longer")
        }
    }

    /// The scope of the access token. With `resource`, only scopes of those servers, so that it grants nothing elsewhere.
    var tokenScope: Scope { isNarrowed ? scope.subtracting(Scope.standard) : scope }

    /// Whether the token is for the issuer's own endpoints: with `openid`, unless `resource` chose the servers, and if it
    /// is for no resource server.
    var includesIssuer: Bool { servers.isEmpty || !isNarrowed && scope.contains(Scope.openID) }
}
