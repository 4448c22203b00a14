import FoundationEssentials
import JOSE

/// Copies what an upstream says about a user to their account, as its rules say.
struct UpstreamCopying: Sendable {
    private let users: any UserStore
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        users = core.stores.users
        audit = core.audit
        now = core.now
    }

    /// Attempts before giving up because the user keeps changing.
    private static let attempts = 8

    /// Returns the user as they are afterward, or `nil` if they are disabled or gone. `isFirst` says whether the link has
    /// never been used.
    func copy(
        _ mapped: MappedClaims, to id: Identifier<User>, by rules: UpstreamAccountRules, isFirst: Bool
    ) async throws -> User? {
        for _ in 0..<Self.attempts {
            guard let user = try await users.findEnabled(id) else { return nil }
            let copied = user.copying(mapped, by: rules, isFirst: isFirst)
            guard copied != user else { return user }
            try await store(copied, over: user)
        }
        // Roles that the upstream took away must not last because of it.
        throw OAuthError.unavailable(retryAfter: 2)
    }

    /// Writes the differences, unless the user has changed since they were read.
    private func store(_ copied: User, over user: User) async throws {
        let (former, present) = (user.membership, copied.membership)
        if former != present {
            guard try await users.replaceMembership(of: user.id, from: former, to: present) else { return }
            let (given, taken) = (present.subtracting(former), former.subtracting(present))
            if !given.isEmpty {
                audit.record(.membershipGiven(roles: given.roles, groups: given.groups), user: user.id, by: .system)
            }
            if !taken.isEmpty {
                audit.record(.membershipWithdrawn(roles: taken.roles, groups: taken.groups), user: user.id, by: .system)
            }
        }
        let members = copied.changedMembers(since: user)
        guard !members.isEmpty,
            try await users.changeProfile(of: user, to: copied.claims, copied.attributes, at: now())
        else { return }
        audit.record(.profileChanged(members: members), user: user.id, by: .system)
    }
}

extension User {
    /// Returns the user with what the rules copy. Without them being copied each time, they fill in what is missing. What
    /// the upstream leaves out stays, except roles and groups that the rules name.
    func copying(_ mapped: MappedClaims, by rules: UpstreamAccountRules, isFirst: Bool) -> User {
        var user = self
        let replaces = rules.profileFrequency == .eachSignIn
        if replaces || isFirst {
            for (name, value) in mapped.profile.members where replaces || user.claims[name] == nil {
                // Another number was verified, if any.
                if name == "phone_number", user.claims[name] != value { user.claims["phone_number_verified"] = nil }
                user.claims[name] = value
            }
            for (name, value) in mapped.attributes.members where replaces || user.attributes[name] == nil {
                user.attributes[name] = value
            }
        }
        switch rules.membershipFrequency {
        case .eachSignIn: user.set(membership.subtracting(rules.managed).adding(mapped.membership))
        case .once where isFirst: user.set(membership.adding(mapped.membership))
        case .once: break
        }
        return user
    }

    private mutating func set(_ membership: Membership) {
        // Order has no meaning, so reordering is not a change.
        if Set(roles) != Set(membership.roles) { roles = membership.roles }
        if Set(groups) != Set(membership.groups) { groups = membership.groups }
    }

    /// Returns the names of claims and attributes that differ, as the audit log has them.
    fileprivate func changedMembers(since former: User) -> [String] {
        claims.names.filter { claims[$0] != former.claims[$0] } + former.claims.names.filter { claims[$0] == nil }
            + attributes.names.filter { attributes[$0] != former.attributes[$0] }.map { "attributes.\($0)" }
    }
}

extension Membership {
    fileprivate func adding(_ other: Membership) -> Membership {
        Membership(roles: Scope(roles + other.roles).values, groups: Scope(groups + other.groups).values)
    }
}
