extension ResourceSet {
    /// Warns about claims that nobody gets, because they name what doesn't exist.
    func attributeWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        zip(places["attributes"] ?? [], attributes).flatMap { place, attribute in
            attribute.claims.enumerated().flatMap { index, claim in
                let place = place.member("claims[\(index)]")
                return Self.unknown(
                    claim.scope.map { [$0] } ?? [], "scope", among: known.scopes, at: place.member("scope"),
                    because: "no resource server has it, so nobody gets the claim \(claim.name)")
                    + Self.unknown(
                        claim.clients, "client", among: known.clients, at: place.member("clients"),
                        because: "no such client exists")
                    + Self.unknown(
                        claim.resourceServers, "resource server", among: known.resourceServers,
                        at: place.member("resource_servers"), because: "no such resource server exists")
            }
        }
    }
}
