/// One difference between what is stored and what a resource file says.
package struct Change: Sendable, Equatable {
    package let action: ResourceAction
    /// `client`, `user`, `role`, `group`, `resource server`.
    package let kind: String
    package let name: String
    /// The members that differ; never their values, among which there are secrets.
    package let members: [String]

    package init(_ action: ResourceAction, _ kind: String, _ name: String, members: [String] = []) {
        self.action = action
        self.kind = kind
        self.name = name
        self.members = members
    }

    /// Whether an existing user may do other things than before.
    package var changesAccess: Bool {
        kind == "user" && action == .update && !Set(members).isDisjoint(with: ["roles", "groups", "disabled"])
    }
}
