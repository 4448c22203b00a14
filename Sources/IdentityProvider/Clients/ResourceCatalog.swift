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
    /// client may have except scopes that must be requested explicitly. A request that names `details` instead has no
    /// default scope. `own` are further values of the issuer.
    func scope(
        _ requested: String?, or details: AuthorizationDetails? = nil, of client: Client, besides own: Scope = []
    ) throws(OAuthError) -> Scope {
        let allowed = client.scope.intersection(known.union(own))
        guard let requested else {
            return details == nil ? allowed.subtracting(Scope.onRequest) : []
        }
        let wanted = try Scope(parsing: requested)
        let (granted, refused) = (wanted.intersection(allowed), wanted.subtracting(allowed))
        guard !refused.isEmpty else { return granted }
        let advice = advice(on: refused, for: client)
        Decision.note(advice)
        guard !granted.isEmpty else {
            let sent = SentText(refused.text)
            throw .invalidScope(
                "the scope \(sent) is not available to the client: register it in scope of the client",
                cause: Unregistered("scope", sent, advice))
        }
        return granted
    }

    /// Says where to register `scope`, which `client` can't have.
    private func advice(on scope: Scope, for client: Client) -> String {
        let unregistered = scope.subtracting(client.scope)
        let undefined = scope.subtracting(known)
        var sentences: [String] = []
        if !unregistered.isEmpty {
            sentences.append(
                """
                The scope \(SentText(unregistered.text)) is not registered for the client \(client.id). Add it to scope \
                of the client in the resource file and run `martlet apply`. \(Unregistered.registered(client.scope.values))
                """)
        }
        if !undefined.isEmpty {
            sentences.append(
                """
                No resource server has the scope \(SentText(undefined.text)). Add it to scopes of one in \
                resource_servers.
                """)
        }
        return sentences.joined(separator: " ")
    }

    /// Returns the resource servers that define `scope`. Consent to it covers all of them.
    func servers(with scope: String) -> [ResourceServer] { servers.filter { $0.scopes.contains(scope) } }
}
