import JOSE

/// The `defaults` of a resource file: metadata of every client in it that doesn't set the member itself.
struct ClientDefaults {
    static let member = "defaults"
    /// Members that belong to one client.
    private static let individual = ["client_id", "client_secret_file"] + ClientDocument.secretMembers

    private let members: JSONObject
    /// The names of the members that each client takes from here.
    private let taken: [Set<String>]

    init(_ document: JSONObject, _ problems: inout [InvalidDocument.Problem]) {
        let given = document[Self.member] ?? .null
        if given != .null, given.object == nil {
            problems.append(.init(member: Self.member, reason: "must be an object with members of clients"))
        }
        var members = given.object ?? [:]
        for name in Self.individual where members[name] != nil {
            problems.append(.init(member: "\(Self.member).\(name)", reason: "belongs to one client, not to all"))
            members[name] = nil
        }
        let names = Set(members.names)
        self.members = members
        taken = (document["clients"]?.array ?? []).map { names.subtracting($0.object.map { Set($0.names) } ?? []) }
    }

    /// Returns the document with the defaults in each client. A client's own member replaces the default as a whole;
    /// `null` leaves it out.
    func applied(to document: JSONObject) -> JSONObject {
        var document = document
        document[Self.member] = nil
        guard let clients = document["clients"]?.array, !members.isEmpty else { return document }
        document["clients"] = .array(clients.map { $0.object.map { .object(merged(into: $0)) } ?? $0 })
        return document
    }

    private func merged(into client: JSONObject) -> JSONObject {
        var client = client
        for (name, value) in members.members {
            switch client[name] {
            case nil: client[name] = value
            case .null: client[name] = nil
            default: break
            }
        }
        return client
    }

    /// Returns where the member of a client is written: here, if the client takes it from the defaults.
    func place(of member: String) -> String {
        guard let match = member.wholeMatch(of: /clients\[([0-9]+)\]\.(([^.\[]+).*)/), let index = Int(match.1),
            taken.indices.contains(index), taken[index].contains(String(match.3))
        else { return member }
        return "\(Self.member).\(match.2)"
    }
}
