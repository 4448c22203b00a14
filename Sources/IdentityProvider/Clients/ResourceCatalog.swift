/// The resource servers of an issuer, and what their scopes mean for a token (RFC 8707, RFC 9068 §3).
struct ResourceCatalog: Sendable {
    let servers: [ResourceServer]
    /// All scope values that mean something to this issuer.
    private let known: Scope

    init(servers: [ResourceServer]) {
        self.servers = servers
        known = Scope.standard.union(Scope(servers.flatMap(\.scopes)))
    }

    /// What of `requested` the client may have. Unknown values are ignored (OpenID Connect Core §3.1.2.1); when
    /// nothing is left, `invalid_scope`. Without a request it is all the client may have, but for what must be
    /// asked for.
    func scope(_ requested: String?, of client: Client) throws(OAuthError) -> Scope {
        let allowed = client.scope.intersection(known)
        guard let requested else { return allowed.subtracting(Scope.onRequest) }
        let granted = try Scope(parsing: requested).intersection(allowed)
        guard !granted.isEmpty else { throw .invalidScope("the client may have none of these scopes") }
        return granted
    }

    /// The resource servers that define `scope`. Consent to it covers all of them.
    func servers(with scope: String) -> [ResourceServer] { servers.filter { $0.scopes.contains(scope) } }
}
