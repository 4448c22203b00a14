/// The declared attributes of an issuer.
struct AttributeCatalog: Sendable {
    /// Sorted by name.
    let attributes: [Attribute]

    init(_ attributes: [Attribute]) { self.attributes = attributes }

    /// The claims that `client` can request, by the scope value that releases them. Has the form of `Claims.byScope`.
    func claims(for client: Identifier<Client>) -> [(scope: String, claims: [String])] {
        released.compactMap { claim in
            claim.isFor(client) ? claim.scope.map { (scope: $0, claims: [claim.name]) } : nil
        }
    }

    /// The claims that every client can request. Those for named clients are nobody else's business.
    var publicClaims: [String] {
        Scope(released.filter { $0.clients.isEmpty && $0.scope != nil }.map(\.name)).values
    }

    private var released: [AttributeClaim] {
        attributes.flatMap(\.claims).filter { !ReservedClaims.contains($0.name) }
    }

    /// Returns the titles of what `scope` gives `client`, for the consent page.
    func titles(releasedBy scope: String, to client: Identifier<Client>) -> [Page.Value] {
        titles { $0.isFor(client) && $0.scope == scope }
    }

    /// Returns the titles of what every token for this resource server gives it, for the consent page.
    func titles(carriedTo server: String, from client: Identifier<Client>) -> [Page.Value] {
        titles { $0.isFor(client) && $0.scope == nil && $0.resourceServers.contains(server) }
    }

    private func titles(where isIncluded: (AttributeClaim) -> Bool) -> [Page.Value] {
        let titles = attributes.filter { $0.claims.contains(where: isIncluded) }.map(\.shownTitle)
        return titles.enumerated().map { index, title in
            ["title": title, "is_last": .flag(index == titles.count - 1)]
        }
    }
}
