extension Administration {
    func applyRoles(_ wanted: [Role], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.roles.all().map { ($0.name, $0) })
        var changes: [Change] = []
        for role in wanted where stored[role.name] != role {
            changes.append(Change(stored[role.name] == nil ? .create : .update, "role", role.name))
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
            changes.append(Change(stored[group.name] == nil ? .create : .update, "group", group.name))
            if !isPlan { try await stores.groups.save(group) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.name == name }) {
            changes.append(Change(.delete, "group", name))
            if !isPlan { try await takeAway(group: name) }
        }
        return changes
    }

    /// Makes the role, or makes an old one of its name like it.
    package func save(_ role: Role) async throws {
        let stored = try await stores.roles.all().first { $0.name == role.name }
        guard stored != role else { return }
        try await stores.roles.save(role)
        record(Change(stored == nil ? .create : .update, "role", role.name))
    }

    /// Makes the role, or changes what an old one of its name permits and nothing else: what its holders must show at the
    /// sign-in is for the files to say.
    package func setPermissions(_ role: Role) async throws {
        if try await stores.roles.change(role.name, { $0.permissions = role.permissions }) != nil {
            record(Change(.update, "role", role.name, members: ["permissions"]))
        } else if try await !stores.roles.all().contains(where: { $0.name == role.name }) {
            try await save(role)
        }
    }

    /// As `save` of a role. Throws `NoSuchName` for a role that there is not: a misspelt name would give nothing.
    package func save(_ group: Group) async throws {
        let roles = Set(try await stores.roles.all().map(\.name))
        if let name = group.roles.first(where: { !roles.contains($0) }) { throw NoSuchName("role", name) }
        let stored = try await stores.groups.all().first { $0.name == group.name }
        guard stored != group else { return }
        try await stores.groups.save(group)
        record(Change(stored == nil ? .create : .update, "group", group.name))
    }

    /// Deletes the role, which ends it at once, and takes its name from everybody: whoever held it must not hold
    /// another one that is given the same name later. May be run again when it was broken off.
    package func deleteRole(_ name: String) async throws {
        try await takeAway(role: name)
        record(Change(.delete, "role", name))
    }

    /// As `deleteRole`.
    package func deleteGroup(_ name: String) async throws {
        try await takeAway(group: name)
        record(Change(.delete, "group", name))
    }

    private func takeAway(role name: String) async throws {
        try await stores.roles.delete(name)
        for group in try await stores.groups.all() where group.roles.contains(name) {
            let changed = try await stores.groups.change(group.name) { group in group.roles.removeAll { $0 == name } }
            if changed != nil { record(Change(.update, "group", group.name, members: ["roles"])) }
        }
        try await withdrawFromAll(Membership(roles: [name]))
    }

    private func takeAway(group name: String) async throws {
        try await stores.groups.delete(name)
        try await withdrawFromAll(Membership(groups: [name]))
    }

    /// Gives a user roles and groups beside those that they have. Throws `NoSuchName` for what there is not: a misspelt
    /// name would give nothing.
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

    /// Others may change the same user at the same time: it is tried on what they left.
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

/// There is no role or group of this name.
package struct NoSuchName: Error {
    /// `role` or `group`.
    package let kind: String
    package let name: String

    init(_ kind: String, _ name: String) {
        self.kind = kind
        self.name = name
    }
}
