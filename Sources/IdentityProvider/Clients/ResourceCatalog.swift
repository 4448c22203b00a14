import FoundationEssentials

/// The resource servers of an issuer, and what their scopes mean for a token (RFC 8707, RFC 9068 §3).
struct ResourceCatalog: Sendable {
    let servers: [ResourceServer]

    /// Throws `invalid_target` for a resource that is not registered (RFC 8707 §2).
    func requested(_ parameters: Parameters) throws(OAuthError) -> [String] {
        let resources = parameters.all("resource")
        guard resources.allSatisfy({ resource in servers.contains { $0.identifier == resource } }) else {
            throw OAuthError(code: .invalidTarget, description: "resource is not known")
        }
        return resources
    }

    /// What of `requested` the client may have. Unknown values are ignored (OpenID Connect Core §3.1.2.1); when
    /// nothing is left, `invalid_scope`. Without a request it is all the client may have, but for what must be
    /// asked for.
    func scope(_ requested: String?, of client: Client, for resources: [String]) throws(OAuthError) -> Scope {
        let known = Scope.standard.union(Scope(servers.flatMap(\.scopes)))
        let allowed = client.scope.intersection(known)
        guard let requested else { return allowed.subtracting(Scope.onRequest) }
        let granted = try Scope(parsing: requested).intersection(allowed)
        guard !granted.isEmpty else { throw .invalidScope("the client may have none of these scopes") }
        return granted
    }

    /// The resource servers that a token of `scope` is for, as far as `resources` allows; none means the issuer itself.
    func audience(of scope: Scope, for resources: [String]) -> [ResourceServer] {
        servers.filter { server in
            resources.isEmpty ? server.scopes.contains(where: scope.contains) : resources.contains(server.identifier)
        }
    }

    /// Leaves of `scope` what means something to `audience`: a token must not carry power for others.
    func scope(_ scope: Scope, within audience: [ResourceServer], for resources: [String]) -> Scope {
        guard !resources.isEmpty else { return scope }
        return scope.intersection(Scope(audience.flatMap(\.scopes)))
    }

    func description(of scope: String) -> String? {
        servers.first { $0.scopes.contains(scope) }.map { URL(string: $0.identifier)?.host() ?? $0.identifier }
    }
}
