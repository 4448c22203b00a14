/// What a user was given: roles by name, and groups by name. What there is not gives nothing.
package struct Membership: Sendable, Hashable {
    package var roles: [String]
    package var groups: [String]

    package init(roles: [String] = [], groups: [String] = []) {
        self.roles = roles
        self.groups = groups
    }
}

extension User {
    package var membership: Membership { Membership(roles: roles, groups: groups) }
}
