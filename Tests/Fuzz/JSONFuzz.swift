import JOSE

/// Strict JSON (RFC 8259).
enum JSONFuzz {
    static func check(_ input: [UInt8]) {
        guard let value = try? JSON(parsing: input) else { return }
        let text = value.serialized()
        guard let again = try? JSON(parsing: text) else { fatalError("broken: written values can be parsed") }
        require(again == value, "values survive writing and parsing")
        require(again.serialized() == text, "writing is deterministic")
        checkMembers(value)
    }

    private static func checkMembers(_ value: JSON) {
        for item in value.array ?? [] { checkMembers(item) }
        guard let object = value.object else { return }
        require(Set(object.names.map { Array($0.utf8) }).count == object.names.count, "no member is repeated")
        for (name, value) in object.members {
            require(object[name] == value, "a member is found by its name")
            checkMembers(value)
        }
    }
}
