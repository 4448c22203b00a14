/// RFC 6749 §4.4: a client asks for itself. Writes nothing.
struct ClientCredentialsGrant: Grant {
    let resources: any ResourceServerStore
    let type = GrantType.clientCredentials

    func redeem(_ parameters: Parameters, by client: AuthenticatedClient) async throws -> Redemption {
        let catalog = ResourceCatalog(servers: try await resources.all())
        let targets = try catalog.requested(parameters)
        // There is no person: what speaks of one is not for a client alone.
        let scope = try catalog.scope(parameters["scope"], of: client.client, for: targets).subtracting(Scope.standard)
        guard parameters["scope"] == nil || !scope.isEmpty else {
            throw OAuthError.invalidScope("the client may have none of these scopes for itself")
        }
        return Redemption(Granted(client: client.id, scope: scope, resources: targets))
    }
}
