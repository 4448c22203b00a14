/// RFC 6749 §4.4: a client asks for itself. Writes nothing.
struct ClientCredentialsGrant: Grant {
    let resources: CachedResourceServers
    static let type = GrantType.clientCredentials

    init(_ core: Core) {
        resources = core.resources
    }

    func redeem(_ request: TokenRequest) async throws -> Redemption {
        let (client, parameters) = (request.client, request.parameters)
        let catalog = try await resources.catalog()
        // There is no person: what speaks of one is not for a client alone.
        let scope = try catalog.scope(parameters["scope"], of: client.client).subtracting(Scope.standard)
        guard parameters["scope"] == nil || !scope.isEmpty else {
            throw OAuthError.invalidScope("the client may have none of these scopes for itself")
        }
        let requested = parameters.all("resource")
        return Redemption(
            Granted(client: client.id, scope: scope, resources: requested),
            for: try TokenTarget(scope, of: client.client, in: catalog, requested: requested))
    }
}
