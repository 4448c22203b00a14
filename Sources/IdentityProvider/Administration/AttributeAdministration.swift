extension Administration {
    /// The values that users carry stay when an attribute is deleted or gets another type. They are released again once
    /// a declaration fits them.
    func applyAttributes(_ wanted: [Attribute], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.attributes.all().map { ($0.name, $0) })
        var changes: [Change] = []
        for attribute in wanted where stored[attribute.name] != attribute {
            changes.append(Change(stored[attribute.name] == nil ? .create : .update, "attribute", attribute.name))
            if !isPlan { try await stores.attributes.save(attribute) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.name == name }) {
            changes.append(Change(.delete, "attribute", name))
            if !isPlan { try await stores.attributes.delete(name) }
        }
        return changes
    }
}
