import JOSE

/// The audience of an access token: resource servers, each with at least one of its scopes or authorization details, or
/// only the issuer (RFC 9068 §3). All grants use this initializer, the only place that checks it.
struct TokenTarget: Sendable {
    /// Empty if the token is only for the issuer.
    let servers: [ResourceServer]
    /// The effective scope: the issuer's own values and those of `servers`.
    let scope: Scope
    /// The authorization details for `servers`; `nil` if there are none.
    let details: AuthorizationDetails?
    /// Whether `resource` chose the servers.
    private let isNarrowed: Bool

    /// `granted` holds the resources of the authorization, `requested` those of this request. Both can only narrow the
    /// audience (RFC 8707 §2.2). `granted` concerns scopes only, because details name their server by their type
    /// (RFC 9396 §3.2).
    ///
    /// Throws `invalid_target` for a resource that has neither details nor a scope both in `scope` and registered for
    /// `client`, and `invalid_scope` or `invalid_authorization_details` if nothing is available any longer.
    init(
        _ scope: Scope, _ details: AuthorizationDetails? = nil, of client: Client, in catalog: ResourceCatalog,
        granted: [String] = [], requested: [String] = []
    ) throws(OAuthError) {
        let allowed = scope.intersection(client.scope)
        let available = catalog.available(details, to: client)
        let scoped = catalog.servers.filter { server in
            server.scopes.contains(where: allowed.contains) && (granted.isEmpty || granted.contains(server.identifier))
        }
        let reachable = catalog.servers.filter { server in
            scoped.contains { $0.identifier == server.identifier } || catalog.details(available, at: [server]) != nil
        }
        isNarrowed = !granted.isEmpty || !requested.isEmpty
        // Every requested resource must qualify. A client would assume that the token is valid for all of them.
        guard requested.allSatisfy({ name in reachable.contains { $0.identifier == name } }),
            !isNarrowed || !reachable.isEmpty
        else {
            throw Self.refusal(
                of: requested.first { name in !reachable.contains { $0.identifier == name } }, to: client, in: catalog)
        }
        servers = requested.isEmpty ? reachable : reachable.filter { requested.contains($0.identifier) }
        let named = scoped.filter { requested.isEmpty || requested.contains($0.identifier) }
        self.scope = allowed.intersection(Self.issuerScope.union(Scope(named.flatMap(\.scopes))))
        self.details = catalog.details(available, at: servers)
        guard !self.scope.isEmpty || self.details != nil || scope.isEmpty && details == nil else {
            guard !scope.isEmpty else {
                throw .invalidAuthorizationDetails("none of the details is still available to the client")
            }
            throw .invalidScope("none of these scopes is still available to the client")
        }
        // An API must not get a token with which it could manage the client's event streams.
        guard servers.isEmpty || self.scope.intersection(Scope.sharedSignals).isEmpty else {
            throw .invalidScope("ssf.read and ssf.manage need a token of their own, without scopes of an API")
        }
        guard client.profile?.permits(algorithm) ?? true || servers.contains(where: { $0.format == .opaque }) else {
            throw OAuthError(
                code: .invalidTarget,
                description: "the access token would be signed with \(algorithm.rawValue), which the client's profile "
                    + "does not permit; see access_token_signing_alg of the resource servers")
        }
    }

    /// Returns the error for `resource`, or for those of the authorization if it is `nil` (RFC 8707 §2). Its description is
    /// the same whether or not the resource exists, so that clients can't find out which ones do.
    private static func refusal(
        of resource: String?, to client: Client, in catalog: ResourceCatalog
    ) -> OAuthError {
        guard let resource else {
            Decision.note("A resource has no scope that is both granted and registered for the client (RFC 8707 §2).")
            return OAuthError(
                code: .invalidTarget,
                description: "each resource requires one of its scopes to be granted and registered for the client")
        }
        let sent = SentText(resource)
        let advice =
            if let server = catalog.servers.first(where: { $0.identifier == resource }) {
                """
                The resource \(sent) has no scope that is both granted and registered for the client \(client.id) \
                (RFC 8707 §2). Request one of its scopes, and add it to scope of the client in the resource file. Its \
                scopes: \(server.scopes.joined(separator: " ")).
                """
            } else {
                """
                The resource \(sent) is not known. Add it to resource_servers in the resource file and run \
                `martlet apply`. \(Unregistered.registered(catalog.servers.map(\.identifier)))
                """
            }
        Decision.note(advice)
        return OAuthError(
            code: .invalidTarget,
            description: """
                the resource \(sent) is not known, or none of its scopes is granted and registered for the client; see \
                resource_servers
                """, cause: Unregistered("resource", sent, advice))
    }

    /// The scope of the access token. With `resource`, it holds only the scopes of those servers, so that the token
    /// grants nothing elsewhere.
    var tokenScope: Scope { isNarrowed ? scope.subtracting(Self.issuerScope) : scope }

    /// The scope values of the issuer's own endpoints.
    private static let issuerScope = Scope.standard.union(Scope.sharedSignals)

    /// The algorithm that signs the token. If the servers differ, RS256, which all of them must support (RFC 9068 §2.1).
    var algorithm: SignatureAlgorithm {
        let wanted = Set(servers.map(\.accessTokenAlgorithm))
        return wanted.count > 1 ? .rs256 : wanted.first ?? .es256
    }

    /// Whether the token is valid at the issuer's own endpoints: if it has no resource servers, or if it has `openid`
    /// and `resource` didn't choose the servers.
    var includesIssuer: Bool { servers.isEmpty || !isNarrowed && scope.contains(Scope.openID) }
}
