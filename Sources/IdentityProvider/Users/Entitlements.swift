import JOSE

/// What a user is and may, now: the roles of their own and of their groups, and all that these permit.
struct Entitlements: Sendable, Hashable {
    var roles: [String] = []
    var groups: [String] = []
    var permissions: [String] = []
    /// The weakest sign-in that is enough for whoever has these roles.
    var minimumContext: AuthenticationContext?

    /// What releases it: the scope value and claim of the same name.
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

/// The roles and groups that there are: what a user's own lists mean.
struct EntitlementRules: Sendable {
    private let roles: [String: Role]
    private let groups: [String: Group]

    init(roles: [Role], groups: [Group]) {
        self.roles = Dictionary(roles.map { ($0.name, $0) }) { first, _ in first }
        self.groups = Dictionary(groups.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Names of roles and groups that were deleted mean nothing. In the order of the names, each once.
    func entitlements(of user: User) -> Entitlements {
        let groups = Set(user.groups).compactMap { self.groups[$0] }
        let roles = Set(user.roles + groups.flatMap(\.roles)).compactMap { self.roles[$0] }
        return Entitlements(
            roles: roles.map(\.name).sorted(), groups: groups.map(\.name).sorted(),
            permissions: Set(roles.flatMap(\.permissions)).sorted(),
            minimumContext: roles.compactMap(\.minimumContext).max())
    }
}
