/// The client credentials grant (RFC 6749 §4.4): a client acts on its own behalf. Nothing is stored.
struct ClientCredentialsGrant: Grant {
    let resources: CachedResourceServers
    static let type = GrantType.clientCredentials

    init(_ core: Core) {
        resources = core.resources
    }

    func redeem(_ request: TokenRequest) async throws -> Redemption {
        let (client, parameters) = (request.client, request.parameters)
        let catalog = try await resources.catalog()
        // The standard scopes concern a user, and there is none.
        let details = try catalog.details(parameters, of: client.client)
        let own = client.client.eventReceiver == nil ? [] : Scope.sharedSignals
        let scope = try catalog.scope(parameters["scope"], or: details, of: client.client, besides: own)
            .subtracting(Scope.standard)
        guard parameters["scope"] == nil || !scope.isEmpty else {
            let sent = SentText(parameters["scope"] ?? "")
            throw OAuthError.invalidScope("none of the scopes \(sent) is available to the client without a user")
        }
        let requested = parameters.all("resource")
        return Redemption(
            Granted(client: client.id, scope: scope, details: details, resources: requested),
            for: try TokenTarget(scope, details, of: client.client, in: catalog, requested: requested))
    }
}
