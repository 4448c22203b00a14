package import JOSE

/// The contents of a resource file. The initializer validates them, so every instance can be applied.
package struct ResourceSet: Sendable {
    package let clients: [ClientDocument]
    package let users: [UserDocument]
    package let roles: [Role]
    package let groups: [Group]
    package let resourceServers: [ResourceServer]

    /// Throws all mistakes in the document together, each with its location, such as `clients[0].redirect_uris[1]`.
    package init(_ document: JSONObject) throws(InvalidDocument) {
        var problems: [InvalidDocument.Problem] = []
        clients = Self.items("clients", in: document, &problems, ClientDocument.init)
        users = Self.items("users", in: document, &problems, UserDocument.init)
        roles = Self.items("roles", in: document, &problems, Role.init(document:))
        groups = Self.items("groups", in: document, &problems, Group.init(document:))
        resourceServers = Self.items("resource_servers", in: document, &problems, ResourceServer.init(document:))
        for name in document.names where !Self.kinds.contains(name) {
            problems.append(
                .init(
                    member: name,
                    reason: "is not a kind of resource; expected clients, users, roles, groups or resource_servers"))
        }
        problems += Self.repeated("clients", clients.map(\.client.id.rawValue))
        problems += Self.repeated("users", users.map { User.key(of: $0.username) })
        problems += Self.repeated("roles", roles.map(\.name))
        problems += Self.repeated("groups", groups.map(\.name))
        problems += Self.repeated("resource_servers", resourceServers.map(\.identifier))
        guard problems.isEmpty else { throw InvalidDocument(problems) }
    }

    /// Warnings about valid settings that are probably unintended.
    package var warnings: [String] {
        let useless = resourceServers.filter(\.scopes.isEmpty).map { server in
            "resource server \(server.identifier) has no scopes, so no client can get a token for it"
        }
        let shared = Set(resourceServers.flatMap(\.scopes)).sorted().filter { scope in
            resourceServers.count { $0.scopes.contains(scope) } > 1
        }.map { "scope \($0) belongs to several resource servers, so consent to it covers them all" }
        return useless + shared
    }

    private static let kinds: Set<String> = ["clients", "users", "roles", "groups", "resource_servers"]

    private static func items<Item>(
        _ name: String, in document: JSONObject, _ problems: inout [InvalidDocument.Problem],
        _ make: (JSONObject) throws(InvalidDocument) -> Item
    ) -> [Item] {
        guard let member = document[name], member != .null else { return [] }
        guard let items = member.array else {
            problems.append(.init(member: name, reason: "must be a list"))
            return []
        }
        var made: [Item] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else {
                problems.append(.init(member: "\(name)[\(index)]", reason: "must be an object"))
                continue
            }
            do { made.append(try make(object)) } catch {
                problems += error.problems.map {
                    .init(member: "\(name)[\(index)].\($0.member)", reason: $0.reason)
                }
            }
        }
        return made
    }

    private static func repeated(_ name: String, _ keys: [String]) -> [InvalidDocument.Problem] {
        var seen: Set<String> = []
        return keys.enumerated().compactMap { index, key in
            seen.insert(key).inserted ? nil : .init(member: "\(name)[\(index)]", reason: "\(key) is listed twice")
        }
    }
}
