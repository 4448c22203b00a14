/// A JSON object with its members in order.
package struct JSONObject: Sendable {
    package private(set) var members: [(name: String, value: JSON)]

    package init() { members = [] }

    /// Of members with one name the last counts.
    init(_ members: [(String, JSON)]) {
        self.init()
        for (name, value) in members { self[name] = value }
    }

    /// For the parser, which has refused repeated names.
    init(unique members: [(name: String, value: JSON)]) { self.members = members }

    package init(parsing bytes: [UInt8], maximumDepth: Int = 16) throws(JSONError) {
        guard case .object(let object) = try JSON(parsing: bytes, maximumDepth: maximumDepth) else {
            throw JSONError(reason: "is not an object", offset: 0)
        }
        self = object
    }

    /// Setting replaces in place or appends; setting `nil` removes.
    package subscript(name: String) -> JSON? {
        get { index(of: name).map { members[$0].value } }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    /// Sets every member of `other`; of members with one name, that of `other` stays.
    package mutating func merge(_ other: JSONObject) {
        for (name, value) in other.members { self[name] = value }
    }

    package var names: [String] { members.map(\.name) }
    package var isEmpty: Bool { members.isEmpty }

    package func serialized() -> [UInt8] { JSON.object(self).serialized() }

    private func index(of name: String) -> Int? { members.firstIndex { $0.name.isExactly(name) } }
}

extension JSONObject: Hashable {
    /// Two objects are the same whatever the order of their members.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(Set(names)) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
