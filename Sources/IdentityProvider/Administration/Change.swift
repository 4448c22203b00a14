import FoundationEssentials
package import JOSE

/// One difference between the stored resources and a resource file.
package struct Change: Sendable, Equatable {
    package let action: ResourceAction
    /// `client`, `user`, `role`, `group`, `resource server`, `attribute`, `upstream`.
    package let kind: String
    package let name: String
    /// The members that differ. For a new resource, those that the file sets.
    package let differences: [MemberDifference]

    package init(_ action: ResourceAction, _ kind: String, _ name: String, _ differences: [MemberDifference] = []) {
        self.action = action
        self.kind = kind
        self.name = name
        // A new resource's name says nothing new.
        self.differences = differences.filter { action != .create || $0.new != .string(name) }
    }

    /// The names of the members that differ, without their values, which may be personal or secret. Empty for a new
    /// resource.
    package var members: [String] { action == .update ? differences.map(\.member) : [] }

    /// Whether the change affects what an existing user may do.
    package var changesAccess: Bool {
        kind == "user" && action == .update && !Set(members).isDisjoint(with: ["roles", "groups", "disabled"])
    }
}

/// A member of a resource, with its stored value and the one in the file. `nil` where it is missing.
package struct MemberDifference: Sendable, Equatable {
    package let member: String
    package let old: JSON?
    package let new: JSON?
    /// Whether the values are left out because they are secret.
    package let isSecret: Bool

    package init(_ member: String, from old: JSON?, to new: JSON?) {
        self.member = member
        // By name, so that a secret of a kind that doesn't exist yet is not shown either.
        isSecret = ["secret", "password", "private_key"].contains(where: member.contains)
        (self.old, self.new) = isSecret ? (nil, nil) : (old, new)
    }

    /// Compares the members of two documents. `nil` is the document of a resource that doesn't exist.
    static func all(from old: JSONObject?, to new: JSONObject) -> [MemberDifference] {
        guard let old else {
            return new.members.filter { !$0.value.isEmpty }.map { MemberDifference($0.name, from: nil, to: $0.value) }
        }
        return Scope(old.names + new.names).values.filter { old[$0] != new[$0] }
            .map { MemberDifference($0, from: old[$0], to: new[$0]) }
    }

    /// Compares resources whose stored form has the members of their resource file.
    static func all(from old: (some Encodable)?, to new: some Encodable) throws -> [MemberDifference] {
        let former = if let old { try document(old) } else { nil as JSONObject? }
        return all(from: former, to: try document(new))
    }

    /// Returns the resource as its entry in a resource file.
    private static func document(_ resource: some Encodable) throws -> JSONObject {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        var document = try JSONObject(parsing: Array(encoder.encode(resource)))
        for (stored, registered) in [
            ("format", "access_token"), ("access_token_algorithm", "access_token_signing_alg"),
            ("minimum_context", "minimum_acr"),
        ] {
            guard let value = document[stored] else { continue }
            document[stored] = nil
            document[registered] = value
        }
        if let types = (resource as? ResourceServer)?.authorizationDetailsTypes {
            document["authorization_details_types"] = .object(
                types.reduce(into: [:]) { $0.merge($1.document) })
        }
        return document
    }
}

extension JSON {
    fileprivate var isEmpty: Bool { self == .null || array?.isEmpty == true || object?.isEmpty == true }
}
