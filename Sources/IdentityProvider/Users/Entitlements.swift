import JOSE

/// The current roles, groups and permissions of a user, including what their groups and roles confer.
struct Entitlements: Sendable, Hashable {
    var roles: [String] = []
    var groups: [String] = []
    var permissions: [String] = []
    /// The weakest authentication context allowed for a user with these roles.
    var minimumContext: AuthenticationContext?

    /// Returns the values of the claim with this name, which is also the name of the scope value that releases it.
    func values(_ claim: String) -> [String]? {
        switch claim {
        case Scope.roles: roles
        case Scope.groups: groups
        case Scope.permissions: permissions
        default: nil
        }
    }

    func claim(_ name: String) -> JSON? { values(name).map { .array($0.map(JSON.string)) } }
}

/// All roles and groups, which resolve the names in a user's lists.
struct EntitlementRules: Sendable {
    private let roles: [String: Role]
    private let groups: [String: Group]

    init(roles: [Role], groups: [Group]) {
        self.roles = Dictionary(roles.map { ($0.name, $0) }) { first, _ in first }
        self.groups = Dictionary(groups.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Returns what `user` holds, sorted and without duplicates. Names of deleted roles and groups are ignored.
    func entitlements(of user: User) -> Entitlements {
        let groups = Set(user.groups).compactMap { self.groups[$0] }
        let roles = Set(user.roles + groups.flatMap(\.roles)).compactMap { self.roles[$0] }
        return Entitlements(
            roles: roles.map(\.name).sorted(), groups: groups.map(\.name).sorted(),
            permissions: Set(roles.flatMap(\.permissions)).sorted(),
            minimumContext: roles.compactMap(\.minimumContext).max())
    }
}
