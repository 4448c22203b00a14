/// One difference between the stored resources and a resource file.
package struct Change: Sendable, Equatable {
    package let action: ResourceAction
    /// `client`, `user`, `role`, `group`, `resource server`, `attribute`.
    package let kind: String
    package let name: String
    /// The names of the members that differ, without their values, which may be secret.
    package let members: [String]

    package init(_ action: ResourceAction, _ kind: String, _ name: String, members: [String] = []) {
        self.action = action
        self.kind = kind
        self.name = name
        self.members = members
    }

    /// Whether the change affects what an existing user may do.
    package var changesAccess: Bool {
        kind == "user" && action == .update && !Set(members).isDisjoint(with: ["roles", "groups", "disabled"])
    }
}
