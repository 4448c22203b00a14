extension Administration {
    /// Throws `InvalidResources` if a stored resource server that the files don't mention declares the same type of
    /// authorization details as one in the files: a type says which server gets the token.
    func refuseSharedTypes(in resources: ResourceSet, prunes: Bool) async throws {
        guard !prunes, resources.resourceServers.contains(where: { !$0.authorizationDetailsTypes.isEmpty }) else {
            return
        }
        var owners: [String: String] = [:]
        for stored in try await stores.resourceServers.all()
        where !resources.resourceServers.contains(where: { $0.identifier == stored.identifier }) {
            for type in stored.authorizationDetailsTypes { owners[type.name] = stored.identifier }
        }
        let problems = zip(resources.places["resource_servers"] ?? [], resources.resourceServers).flatMap {
            place, server in
            server.authorizationDetailsTypes.compactMap { type in
                owners[type.name].map { owner in
                    ResourceProblem(
                        place: place.member("authorization_details_types.\(type.name)"),
                        reason: "the stored resource server \(owner) declares the same type; give each its own, or "
                            + "declare \(owner) in these files without the type")
                }
            }
        }
        guard problems.isEmpty else { throw InvalidResources(problems: problems, rest: resources) }
    }
}
