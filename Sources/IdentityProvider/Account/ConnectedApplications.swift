/// Lists the clients that have a user's consent.
struct ConnectedApplications: Sendable {
    private let consents: any ConsentStore
    private let clients: any ClientStore
    private let resources: CachedResourceServers
    private let attributes: CachedAttributes

    init(_ core: Core) {
        consents = core.stores.consents
        clients = core.clients
        resources = core.resources
        attributes = core.attributes
    }

    func list(of user: User) async throws -> [Page.Value] {
        var described: [Page.Value] = []
        let catalog = try await resources.catalog()
        let attributes = try await attributes.catalog()
        for consent in try await consents.consents(of: user.id) {
            let name = try await clients.find(consent.client)?.shownName ?? .text(consent.client.rawValue)
            described.append([
                "id": .text(consent.client.rawValue), "name": name, "scope": .text(consent.scope.text),
                "scopes": .list(catalog.entries(consent.scope, of: consent.client, with: attributes)),
                "since": .time(consent.grantedAt, .day),
            ])
        }
        return described
    }
}
