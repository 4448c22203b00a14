/// The names that resources refer to one another by.
package struct ResourceNames: Sendable {
    var scopes: Set<String> = Set(Scope.standard.values)
    var roles: Set<String> = []
    var groups: Set<String> = []
    var clients: Set<String> = []
    /// Their identifiers.
    var resourceServers: Set<String> = []
    var authorizationDetailsTypes: Set<String> = []
    var attributes: Set<String> = []
    /// Their identifiers.
    var upstreams: Set<String> = []

    /// The scopes of OpenID Connect and Martlet.
    package init() {}

    init(
        scopes: [String], roles: [String], groups: [String], clients: [String], resourceServers: [String],
        authorizationDetailsTypes: [String], attributes: [String], upstreams: [String]
    ) {
        self.scopes.formUnion(scopes)
        (self.roles, self.groups) = (Set(roles), Set(groups))
        (self.clients, self.resourceServers) = (Set(clients), Set(resourceServers))
        self.authorizationDetailsTypes = Set(authorizationDetailsTypes)
        (self.attributes, self.upstreams) = (Set(attributes), Set(upstreams))
    }

    func union(_ other: ResourceNames) -> ResourceNames {
        var names = self
        names.scopes.formUnion(other.scopes)
        names.roles.formUnion(other.roles)
        names.groups.formUnion(other.groups)
        names.clients.formUnion(other.clients)
        names.resourceServers.formUnion(other.resourceServers)
        names.authorizationDetailsTypes.formUnion(other.authorizationDetailsTypes)
        names.attributes.formUnion(other.attributes)
        names.upstreams.formUnion(other.upstreams)
        return names
    }
}

extension Administration {
    /// Returns the names of the stored resources.
    package func resourceNames() async throws -> ResourceNames {
        let servers = try await stores.resourceServers.all()
        return ResourceNames(
            scopes: servers.flatMap(\.scopes),
            roles: try await stores.roles.all().map(\.name), groups: try await stores.groups.all().map(\.name),
            clients: try await stores.clients.all().map(\.id.rawValue), resourceServers: servers.map(\.identifier),
            authorizationDetailsTypes: servers.flatMap { $0.authorizationDetailsTypes.map(\.name) },
            attributes: try await stores.attributes.all().map(\.name),
            upstreams: try await stores.upstreams.all().map(\.id.rawValue))
    }
}

extension ResourceSet {
    /// Returns warnings about valid members that probably aren't what the operator meant, such as a misspelled scope:
    /// `stored` has the names that the files need not define. `mutualTLS` is that of the settings.
    package func warnings(
        besides stored: ResourceNames = ResourceNames(), with mutualTLS: MutualTLS? = nil
    ) -> [ResourceProblem] {
        let known = names.union(stored)
        return clientWarnings(known) + memberWarnings(known) + serverWarnings(known) + attributeWarnings(known)
            + upstreamWarnings(known) + certificateWarnings(mutualTLS)
    }

    /// What stands between each client and the specifications that it may want to meet, in the order of the files.
    package var profileReports: [ProfileReport] { clients.map { ProfileReport(of: $0.client) } }

    private func clientWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        var owners: [String: Identifier<Client>] = [:]
        return zip(places["clients"] ?? [], clients).flatMap { place, document in
            var problems =
                Self.unknown(
                    document.client.scope.values, "scope", among: known.scopes, at: place.member("scope"),
                    because: "no resource server has it, so the client never gets it")
                + Self.unknown(
                    document.client.authorizationDetailsTypes, "type", among: known.authorizationDetailsTypes,
                    at: place.member("authorization_details_types"),
                    because: "no resource server declares it, so the client never gets it")
                + Self.unknown(
                    document.client.upstreams?.map(\.rawValue).sorted() ?? [], "upstream", among: known.upstreams,
                    at: place.member("upstreams"), because: "no such upstream exists, so nobody can sign in with it")
                + Self.unknown(
                    (document.client.forwardAuth?.resource).map { [$0] } ?? [], "resource server",
                    among: known.resourceServers, at: place.member("forward_auth.resource"),
                    because: "no such resource server exists, so programs can't reach the application")
            if let warning = document.warning {
                problems.append(ResourceProblem(place: place.member("client_secret"), reason: warning))
            }
            guard let secret = document.secret?.hash else { return problems }
            if let owner = owners[secret] {
                // A client that knows the secret of another can act as the other.
                let reason = "client \(document.client.id) has the secret of client \(owner); give each its own"
                problems.append(ResourceProblem(place: place.member("client_secret"), reason: reason))
            }
            owners[secret] = owners[secret] ?? document.client.id
            return problems
        }
    }

    private func memberWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        let users = zip(places["users"] ?? [], self.users).flatMap { place, user in
            Self.unknown(
                user.roles ?? [], "role", among: known.roles, at: place.member("roles"),
                because: "no such role exists, so nothing is granted")
                + Self.unknown(
                    user.groups ?? [], "group", among: known.groups, at: place.member("groups"),
                    because: "no such group exists, so nothing is granted")
        }
        let groups = zip(places["groups"] ?? [], self.groups).flatMap { place, group in
            Self.unknown(
                group.roles, "role", among: known.roles, at: place.member("roles"),
                because: "no such role exists, so nothing is granted")
        }
        return groups + users
    }

    private func serverWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        var seen: Set<String> = []
        return zip(places["resource_servers"] ?? [], resourceServers).flatMap { place, server in
            var problems = Self.unknown(
                server.introspectionClients, "client", among: known.clients,
                at: place.member("introspection_clients"), because: "no such client exists")
            if server.scopes.isEmpty, server.authorizationDetailsTypes.isEmpty {
                let reason = "resource server \(server.identifier) has no scopes, so no client can get a token for it"
                problems.append(ResourceProblem(place: place, reason: reason))
            }
            for scope in server.scopes where !seen.insert(scope).inserted {
                let reason = "scope \(scope) belongs to several resource servers, so consent to it covers them all"
                problems.append(ResourceProblem(place: place.member("scopes"), reason: reason))
            }
            return problems
        }
    }

    static func unknown(
        _ values: [String], _ kind: String, among known: Set<String>, at place: ResourcePlace, because reason: String
    ) -> [ResourceProblem] {
        values.filter { !known.contains($0) }.map { value in
            let hint = NearNames.hint(for: value, among: known.sorted())
            return ResourceProblem(place: place, reason: "\(kind) \(value): \(hint ?? reason)")
        }
    }
}
