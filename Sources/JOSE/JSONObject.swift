/// A JSON object that preserves the order of its members.
package struct JSONObject: Sendable {
    package private(set) var members: [(name: String, value: JSON)]

    package init() { members = [] }

    /// Among members with the same name, the last one wins.
    package init(_ members: [(String, JSON)]) {
        self.init()
        for (name, value) in members { self[name] = value }
    }

    /// For the parser, which has already refused duplicate names.
    init(unique members: [(name: String, value: JSON)]) { self.members = members }

    package init(parsing bytes: [UInt8], maximumDepth: Int = 16) throws(JSONError) {
        guard case .object(let object) = try JSON(parsing: bytes, maximumDepth: maximumDepth) else {
            throw JSONError(reason: "is not an object", offset: 0)
        }
        self = object
    }

    /// Setting a value replaces the member in place, or appends it. Setting `nil` removes the member.
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

    /// Sets every member of `other`, replacing members with the same name.
    package mutating func merge(_ other: JSONObject) {
        for (name, value) in other.members { self[name] = value }
    }

    package var names: [String] { members.map(\.name) }
    package var isEmpty: Bool { members.isEmpty }

    package func serialized() -> [UInt8] { JSON.object(self).serialized() }

    private func index(of name: String) -> Int? { members.firstIndex { $0.name.isExactly(name) } }
}

extension JSONObject: Hashable {
    /// Objects are equal regardless of the order of their members.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(Set(names)) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
