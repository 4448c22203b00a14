extension Administration {
    func applyRoles(_ wanted: [Role], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.roles.all().map { ($0.name, $0) })
        var changes: [Change] = []
        for role in wanted where stored[role.name] != role {
            changes.append(try Self.change("role", role.name, from: stored[role.name], to: role))
            if !isPlan { try await stores.roles.save(role) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.name == name }) {
            changes.append(Change(.delete, "role", name))
            if !isPlan { try await takeAway(role: name) }
        }
        return changes
    }

    func applyGroups(_ wanted: [Group], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.groups.all().map { ($0.name, $0) })
        var changes: [Change] = []
        for group in wanted where stored[group.name] != group {
            changes.append(try Self.change("group", group.name, from: stored[group.name], to: group))
            if !isPlan { try await stores.groups.save(group) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.name == name }) {
            changes.append(Change(.delete, "group", name))
            if !isPlan { try await takeAway(group: name) }
        }
        return changes
    }

    private static func change<Resource: Encodable>(
        _ kind: String, _ name: String, from stored: Resource?, to wanted: Resource
    ) throws -> Change {
        Change(
            stored == nil ? .create : .update, kind, name, try MemberDifference.all(from: stored, to: wanted))
    }

    /// Creates the role, or replaces the one with its name.
    package func save(_ role: Role) async throws {
        let stored = try await stores.roles.all().first { $0.name == role.name }
        guard stored != role else { return }
        try await stores.roles.save(role)
        record(try Self.change("role", role.name, from: stored, to: role))
    }

    /// Creates the role, or changes only the permissions of the one with its name: resource files
    /// decide which `acr` its holders need.
    package func setPermissions(_ role: Role) async throws {
        if let changed = try await stores.roles.change(role.name, { $0.permissions = role.permissions }) {
            record(Change(.update, "role", changed.name, [MemberDifference("permissions", from: nil, to: nil)]))
        } else if try await !stores.roles.all().contains(where: { $0.name == role.name }) {
            try await save(role)
        }
    }

    /// Creates the group, or replaces the one with its name. Throws `NoSuchName` if one of its roles does not exist,
    /// because a misspelled name would grant nothing.
    package func save(_ group: Group) async throws {
        let roles = Set(try await stores.roles.all().map(\.name))
        if let name = group.roles.first(where: { !roles.contains($0) }) { throw NoSuchName("role", name) }
        let stored = try await stores.groups.all().first { $0.name == group.name }
        guard stored != group else { return }
        try await stores.groups.save(group)
        record(try Self.change("group", group.name, from: stored, to: group))
    }

    /// Deletes the role, which takes effect at once, and removes its name from every group and user, so that they do
    /// not get a later role with the same name. Can be repeated after an interruption.
    package func deleteRole(_ name: String) async throws {
        try await takeAway(role: name)
        record(Change(.delete, "role", name))
    }

    /// Deletes the group, as `deleteRole` deletes a role.
    package func deleteGroup(_ name: String) async throws {
        try await takeAway(group: name)
        record(Change(.delete, "group", name))
    }

    private func takeAway(role name: String) async throws {
        try await stores.roles.delete(name)
        for group in try await stores.groups.all() where group.roles.contains(name) {
            let changed = try await stores.groups.change(group.name) { group in group.roles.removeAll { $0 == name } }
            if let changed { record(try Self.change("group", group.name, from: group, to: changed)) }
        }
        try await withdrawFromAll(Membership(roles: [name]))
    }

    private func takeAway(group name: String) async throws {
        try await stores.groups.delete(name)
        try await withdrawFromAll(Membership(groups: [name]))
    }

    /// Adds roles and groups to those that a user has. Throws `NoSuchName` if one does not exist, because a misspelled
    /// name would grant nothing.
    package func assign(_ given: Membership, to user: Identifier<User>) async throws {
        let roles = Set(try await stores.roles.all().map(\.name))
        let groups = Set(try await stores.groups.all().map(\.name))
        if let name = given.roles.first(where: { !roles.contains($0) }) { throw NoSuchName("role", name) }
        if let name = given.groups.first(where: { !groups.contains($0) }) { throw NoSuchName("group", name) }
        try await change(user) { membership in
            membership.roles += given.roles.filter { !membership.roles.contains($0) }
            membership.groups += given.groups.filter { !membership.groups.contains($0) }
        }
    }

    package func withdraw(_ taken: Membership, from user: Identifier<User>) async throws {
        try await change(user) { membership in
            membership.roles.removeAll(where: taken.roles.contains)
            membership.groups.removeAll(where: taken.groups.contains)
        }
    }

    private func withdrawFromAll(_ taken: Membership) async throws {
        try await forEachUser { user in
            guard !Set(user.roles).isDisjoint(with: taken.roles) || !Set(user.groups).isDisjoint(with: taken.groups)
            else { return }
            try await withdraw(taken, from: user.id)
        }
    }

    /// Applies `edit`, and tries again on the new version if the user changed concurrently.
    private func change(_ user: Identifier<User>, _ edit: (inout Membership) -> Void) async throws {
        for _ in 0..<Self.attempts {
            guard let stored = try await stores.users.find(user) else { return }
            var membership = stored.membership
            edit(&membership)
            guard membership != stored.membership else { return }
            let isDone = try await stores.users.replaceMembership(
                of: user, from: stored.membership, to: membership)
            if isDone { return recordMembership(of: user, from: stored.membership, to: membership) }
        }
        throw OAuthError.unavailable(retryAfter: 2)
    }

    func recordMembership(of user: Identifier<User>, from former: Membership, to present: Membership) {
        let given = present.subtracting(former)
        let taken = former.subtracting(present)
        if !given.isEmpty {
            audit.record(.membershipGiven(roles: given.roles, groups: given.groups), user: user, by: actor)
        }
        if !taken.isEmpty {
            audit.record(.membershipWithdrawn(roles: taken.roles, groups: taken.groups), user: user, by: actor)
        }
    }

}

/// No role or group has this name.
package struct NoSuchName: Error {
    /// `role` or `group`.
    package let kind: String
    package let name: String

    init(_ kind: String, _ name: String) {
        self.kind = kind
        self.name = name
    }
}
