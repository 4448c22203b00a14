/// The roles and groups assigned to a user, by name. Names that don't exist confer nothing.
package struct Membership: Sendable, Hashable {
    package var roles: [String]
    package var groups: [String]

    package init(roles: [String] = [], groups: [String] = []) {
        self.roles = roles
        self.groups = groups
    }

    var isEmpty: Bool { roles.isEmpty && groups.isEmpty }

    func intersection(_ other: Membership) -> Membership {
        Membership(
            roles: roles.filter { other.roles.contains($0) }, groups: groups.filter { other.groups.contains($0) })
    }

    func subtracting(_ other: Membership) -> Membership {
        Membership(
            roles: roles.filter { !other.roles.contains($0) }, groups: groups.filter { !other.groups.contains($0) })
    }
}

extension User {
    package var membership: Membership { Membership(roles: roles, groups: groups) }
}
