/// Lists the clients that have a user's consent.
struct ConnectedApplications: Sendable {
    private let consents: any ConsentStore
    private let clients: any ClientStore

    init(_ core: Core) {
        consents = core.stores.consents
        clients = core.clients
    }

    func list(of user: User) async throws -> [Page.Value] {
        var described: [Page.Value] = []
        for consent in try await consents.consents(of: user.id) {
            let name = try await clients.find(consent.client)?.name ?? consent.client.rawValue
            described.append([
                "id": .text(consent.client.rawValue), "name": .text(name), "scope": .text(consent.scope.text),
                "since": .time(consent.grantedAt, .day),
            ])
        }
        return described
    }
}
