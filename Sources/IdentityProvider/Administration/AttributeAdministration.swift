import JOSE

extension Administration {
    /// Throws `InvalidResources` if a claim would carry an attribute of the files and a stored one that they don't
    /// mention. The values would overwrite each other, and one may be the operator's and the other the user's.
    func refuseConflicts(with resources: ResourceSet, prunes: Bool) async throws {
        guard !prunes, !resources.attributes.isEmpty else { return }
        var owners: [String: String] = [:]
        for stored in try await stores.attributes.all()
        where !resources.attributes.contains(where: { $0.name == stored.name }) {
            for claim in stored.claims { owners[claim.name] = stored.name }
        }
        let problems = zip(resources.places["attributes"] ?? [], resources.attributes).flatMap { place, attribute in
            Scope(attribute.claims.map(\.name)).values.compactMap { claim in
                owners[claim].map { owner in
                    ResourceProblem(
                        place: place.member("claims"),
                        reason:
                            "the claim \(claim) already carries the stored attribute \(owner); name another claim, or "
                            + "declare \(owner) in these files without the claim")
                }
            }
        }
        guard problems.isEmpty else { throw InvalidResources(problems: problems, rest: resources) }
    }

    /// The values that users carry stay when an attribute is deleted or gets another type. They are released again once
    /// a declaration fits them.
    func applyAttributes(_ wanted: [Attribute], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.attributes.all().map { ($0.name, $0) })
        var changes: [Change] = []
        for attribute in wanted where stored[attribute.name] != attribute {
            let former = stored[attribute.name]
            let differences = MemberDifference.all(from: former?.document, to: attribute.document)
            changes.append(Change(former == nil ? .create : .update, "attribute", attribute.name, differences))
            if !isPlan { try await stores.attributes.save(attribute) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.name == name }) {
            changes.append(Change(.delete, "attribute", name))
            if !isPlan { try await stores.attributes.delete(name) }
        }
        return changes
    }
}

extension Attribute {
    /// The attribute as its entry in a resource file.
    fileprivate var document: JSONObject {
        var document: JSONObject = ["name": .string(name)]
        document["title"] =
            titles.isEmpty
            ? title.map(JSON.string)
            : .object(JSONObject(titles.mapValues(JSON.string).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        document["type"] = .string(type.rawValue)
        document["values"] = .array(values.map(JSON.string))
        if [.string, .url, .list].contains(type) {
            document["min_length"] = .integer(minimumLength)
            document["max_length"] = .integer(maximumLength)
        }
        document["user"] = .string(access.rawValue)
        document["claims"] = .array(claims.map { .object($0.document) })
        return document
    }
}

extension AttributeClaim {
    fileprivate var document: JSONObject {
        var document: JSONObject = ["claim": .string(name)]
        document["scope"] = scope.map(JSON.string)
        if !clients.isEmpty { document["clients"] = .array(clients.map(JSON.string)) }
        if !resourceServers.isEmpty { document["resource_servers"] = .array(resourceServers.map(JSON.string)) }
        return document
    }
}
