package import JOSE

/// The contents of resource files. The initializer validates them, so every instance can be applied.
package struct ResourceSet: Sendable {
    package let clients: [ClientDocument]
    package let users: [UserDocument]
    package let roles: [Role]
    package let groups: [Group]
    package let resourceServers: [ResourceServer]
    package let attributes: [Attribute]
    package let upstreams: [UpstreamDocument]
    /// Where each resource is described, by the names of the lists and in their order.
    let places: [String: [ResourcePlace]]
    /// The names of all resources, also of those with mistakes.
    let names: ResourceNames

    package init(_ document: JSONObject) throws(InvalidResources) { try self.init([document]) }

    /// Joins the lists of all files. Throws all mistakes together, each with its place.
    package init(_ documents: [JSONObject]) throws(InvalidResources) {
        var reader = ResourceReader(documents)
        clients = reader.items("clients", ClientDocument.init)
        let attributes = reader.items("attributes", Attribute.init(document:))
        // A mistake in a declaration is not repeated for every user.
        let named = reader.values("attributes", "name")
        users = reader.items("users") { user throws(InvalidDocument) in
            try UserDocument(user, declared: attributes, named: named)
        }
        self.attributes = attributes
        roles = reader.items("roles", Role.init(document:))
        groups = reader.items("groups", Group.init(document:))
        resourceServers = reader.items("resource_servers", ResourceServer.init(document:))
        upstreams = reader.items("upstreams", UpstreamDocument.init)
        reader.refuseUnknown(besides: Self.kinds)
        reader.refuseRepeated("clients", clients.map(\.client.id.rawValue))
        reader.refuseRepeated("users", users.map { User.key(of: $0.username) })
        reader.refuseRepeated("roles", roles.map(\.name))
        reader.refuseRepeated("groups", groups.map(\.name))
        reader.refuseRepeated("resource_servers", resourceServers.map(\.identifier))
        reader.refuseRepeated("attributes", attributes.map(\.name))
        reader.refuseRepeated("upstreams", upstreams.map(\.upstream.id.rawValue))
        reader.refuseConflicts(among: attributes)
        reader.refuseConflicts(among: resourceServers)
        places = reader.places
        names = reader.names
        guard reader.problems.isEmpty else { throw InvalidResources(problems: reader.problems, rest: self) }
    }

    /// The names of the lists in a resource file.
    package static let kinds = ["clients", "users", "roles", "groups", "resource_servers", "attributes", "upstreams"]
}

/// Where a resource or a member of it is described.
package struct ResourcePlace: Sendable, Hashable {
    /// The index of the file.
    package let file: Int
    /// The path in the file, such as `clients[0].redirect_uris[1]`.
    package let member: String

    func member(_ name: String) -> ResourcePlace { ResourcePlace(file: file, member: "\(member).\(name)") }
}

/// A mistake in a resource file, or a warning about it.
package struct ResourceProblem: Sendable, Hashable {
    package let place: ResourcePlace
    package let reason: String

    package var member: String { place.member }
}

/// All mistakes in resource files.
package struct InvalidResources: Error {
    package let problems: [ResourceProblem]
    /// The resources without mistakes, only for more warnings.
    package let rest: ResourceSet
}

extension InvalidResources: CustomStringConvertible {
    /// Without the resources, which hold secrets.
    package var description: String { problems.map { "\($0.member): \($0.reason)" }.joined(separator: "\n") }
}

/// Reads the lists of resource files and collects the mistakes in them.
private struct ResourceReader {
    /// The documents, with the defaults in each client.
    private var documents: [JSONObject] = []
    private var defaults: [ClientDefaults] = []
    private(set) var problems: [ResourceProblem] = []
    /// The places of the valid items.
    private(set) var places: [String: [ResourcePlace]] = [:]

    init(_ documents: [JSONObject]) {
        for (file, document) in documents.enumerated() {
            var problems: [InvalidDocument.Problem] = []
            let defaults = ClientDefaults(document, &problems)
            self.defaults.append(defaults)
            self.documents.append(defaults.applied(to: document))
            for problem in problems { report(ResourcePlace(file: file, member: problem.member), problem.reason) }
        }
    }

    mutating func items<Item>(_ name: String, _ make: (JSONObject) throws(InvalidDocument) -> Item) -> [Item] {
        var made: [Item] = []
        for (file, document) in documents.enumerated() {
            guard let member = document[name], member != .null else { continue }
            guard let items = member.array else {
                report(ResourcePlace(file: file, member: name), "must be a list")
                continue
            }
            for (index, item) in items.enumerated() {
                let place = ResourcePlace(file: file, member: "\(name)[\(index)]")
                guard let object = item.object else {
                    report(place, "must be an object")
                    continue
                }
                do {
                    made.append(try make(object))
                    places[name, default: []].append(place)
                } catch {
                    for problem in error.problems { report(place.member(problem.member), problem.reason) }
                }
            }
        }
        return made
    }

    mutating func refuseUnknown(besides kinds: [String]) {
        for (file, document) in documents.enumerated() {
            // Names for YAML anchors.
            for name in document.names where !kinds.contains(name) && !name.hasPrefix("x-") && !name.hasPrefix(".") {
                let names = kinds + [ClientDefaults.member]
                let expected = "expected \(names.joined(separator: ", ")), or a name that starts with x-"
                report(
                    ResourcePlace(file: file, member: name),
                    "is not a kind of resource; \(NearNames.hint(for: name, among: names) ?? expected)")
            }
        }
    }

    mutating func refuseRepeated(_ name: String, _ keys: [String]) {
        var seen: Set<String> = []
        for (place, key) in zip(places[name] ?? [], keys) where !seen.insert(key).inserted {
            report(place, "\(key) is listed twice")
        }
    }

    /// Two attributes in one claim would overwrite each other.
    mutating func refuseConflicts(among attributes: [Attribute]) {
        var owners: [String: String] = [:]
        for (place, attribute) in zip(places["attributes"] ?? [], attributes) {
            for claim in Scope(attribute.claims.map(\.name)).values {
                if let owner = owners[claim], owner != attribute.name {
                    report(
                        place.member("claims"),
                        "the claim \(claim) already carries the attribute \(owner); name another claim")
                }
                owners[claim] = owners[claim] ?? attribute.name
            }
        }
    }

    /// A type of authorization details says which resource server gets the token.
    mutating func refuseConflicts(among servers: [ResourceServer]) {
        var owners: [String: String] = [:]
        for (place, server) in zip(places["resource_servers"] ?? [], servers) {
            for type in server.authorizationDetailsTypes {
                if let owner = owners[type.name], owner != server.identifier {
                    report(
                        place.member("authorization_details_types.\(type.name)"),
                        "the resource server \(owner) declares the same type; give each its own")
                }
                owners[type.name] = owners[type.name] ?? server.identifier
            }
        }
    }

    /// Returns a member of all items in a list, also of those with mistakes.
    func values(_ list: String, _ member: String) -> [String] {
        documents.flatMap { $0[list]?.array ?? [] }.compactMap { $0.object?[member]?.string }
    }

    /// Returns the values of the members that name the resources.
    var names: ResourceNames {
        let scopes = documents.flatMap { $0["resource_servers"]?.array ?? [] }.flatMap { server -> [String] in
            let scopes = server.object?["scopes"]
            return scopes?.object?.names ?? scopes?.array?.compactMap(\.string) ?? []
        }
        return ResourceNames(
            scopes: scopes, roles: values("roles", "name"), groups: values("groups", "name"),
            clients: values("clients", "client_id"), resourceServers: values("resource_servers", "identifier"),
            authorizationDetailsTypes: documents.flatMap { $0["resource_servers"]?.array ?? [] }.flatMap {
                $0.object?["authorization_details_types"]?.object?.names ?? []
            },
            attributes: values("attributes", "name"),
            // The identifier of a preset is its name.
            upstreams: values("upstreams", "id") + values("upstreams", "preset"))
    }

    private mutating func report(_ place: ResourcePlace, _ reason: String) {
        let member = defaults[place.file].place(of: place.member)
        let problem = ResourceProblem(place: ResourcePlace(file: place.file, member: member), reason: reason)
        // A mistake in a default is found in every client that takes it.
        if member == place.member || !problems.contains(problem) { problems.append(problem) }
    }
}
