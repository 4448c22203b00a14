/// The resource servers of an issuer and their scopes (RFC 8707; RFC 9068 §3).
struct ResourceCatalog: Sendable {
    let servers: [ResourceServer]
    /// All scope values that the issuer supports.
    private let known: Scope

    init(servers: [ResourceServer]) {
        self.servers = servers
        known = Scope.standard.union(Scope(servers.flatMap(\.scopes)))
    }

    /// Returns the part of `requested` that the client may have. Unknown values are ignored (OpenID Connect
    /// Core §3.1.2.1). Throws `invalid_scope` if nothing is left. If `requested` is `nil`, returns everything the
    /// client may have except scopes that must be requested explicitly.
    func scope(_ requested: String?, of client: Client) throws(OAuthError) -> Scope {
        let allowed = client.scope.intersection(known)
        guard let requested else { return allowed.subtracting(Scope.onRequest) }
        let granted = try Scope(parsing: requested).intersection(allowed)
        guard !granted.isEmpty else { throw .invalidScope("none of these scopes is available to the client") }
        return granted
    }

    /// Returns the resource servers that define `scope`. Consent to it covers all of them.
    func servers(with scope: String) -> [ResourceServer] { servers.filter { $0.scopes.contains(scope) } }
}
