import JOSE

/// Decides which upstreams the users of a client may sign in with. Pages show only these, and the server accepts no others.
struct UpstreamChoices: Sendable {
    private let upstreams: CachedUpstreams
    private let clients: CachedClients

    init(_ core: Core) {
        upstreams = core.upstreams
        clients = core.clients
    }

    /// Returns the enabled upstreams, without those that the client's `upstreams` leaves out. `nil` stands for our own
    /// pages, which have all.
    func allowed(for client: Client?) async throws -> [Upstream] {
        let enabled = try await upstreams.enabled()
        guard let listed = client?.upstreams else { return enabled }
        return enabled.filter { listed.contains($0.id) }
    }

    func allowed(for interaction: Interaction) async throws -> [Upstream] {
        guard try await !upstreams.enabled().isEmpty else { return [] }
        let client: Client? = if let id = interaction.client { try await clients.find(id) } else { nil }
        return try await allowed(for: client)
    }
}

extension [Upstream] {
    /// Returns the upstream with the identifier that a request named, which is compared exactly.
    func named(_ id: String?) -> Upstream? { id.flatMap { id in first { $0.id.rawValue.isExactly(id) } } }

    /// Returns the upstream for the domain of an email address.
    func routing(_ username: String) -> Upstream? {
        guard let domain = MailAddress(username)?.domain.lowercased() else { return nil }
        return first { $0.domains.contains(domain) }
    }

    /// Whether the username decides where some users sign in, so that it is asked for first.
    var routesDomains: Bool { contains { !$0.domains.isEmpty } }
}
