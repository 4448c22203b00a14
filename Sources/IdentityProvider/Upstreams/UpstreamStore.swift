package import FoundationEssentials

package protocol UpstreamStore: Sendable {
    /// Returns all upstreams, sorted by identifier.
    func all() async throws -> [Upstream]
    /// Inserts or replaces `upstream`.
    func save(_ upstream: Upstream) async throws
    /// Deletes the upstream. Links to its users stay, and work again if the upstream is added again with the same authority.
    func delete(_ id: Identifier<Upstream>) async throws
}

/// An account at an upstream that a user may sign in with.
package struct UpstreamLink: Sendable, Hashable {
    package let id: Identifier<UpstreamLink>
    package let upstream: Identifier<Upstream>
    /// The authority that the upstream had when the link was made. The link counts only at that one.
    package let authority: Identifier<UpstreamAuthority>
    /// The upstream's `sub` for the user.
    package let subject: String
    package let user: Identifier<User>
    /// The upstream's name or address for the user, to tell links apart. Proves nothing.
    package let label: String
    package let createdAt: Date
    package let lastUsedAt: Date?
    /// The upstream's sealed tokens, if they are kept.
    package let sealedTokens: [UInt8]?

    package init(
        id: Identifier<UpstreamLink> = .random(), upstream: Identifier<Upstream>,
        authority: Identifier<UpstreamAuthority>, subject: String, user: Identifier<User>, label: String,
        createdAt: Date, lastUsedAt: Date? = nil, sealedTokens: [UInt8]? = nil
    ) {
        self.id = id
        self.upstream = upstream
        self.authority = authority
        self.subject = subject
        self.user = user
        self.label = label
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.sealedTokens = sealedTokens
    }
}

package protocol UpstreamLinkStore: Sendable {
    func find(_ authority: Identifier<UpstreamAuthority>, subject: String) async throws -> UpstreamLink?
    /// Returns the links of a user, oldest first.
    func links(of user: Identifier<User>) async throws -> [UpstreamLink]
    /// Stores the link if `owner` is unchanged since it was read: enabled, same password, not signed out everywhere.
    func add(_ link: UpstreamLink, by owner: User) async throws -> UpstreamLinkAddition
    /// Stores a new user together with their first link, in one transaction. Returns `false` if another user has the
    /// link. Throws `NameTaken`.
    func add(_ user: User, with link: UpstreamLink) async throws -> Bool
    /// Records a sign-in. `label` and `sealedTokens` replace the stored ones.
    func use(_ id: Identifier<UpstreamLink>, label: String, sealedTokens: [UInt8]?, at moment: Date) async throws
    /// Removes a link of `user`, unless it is the last way to sign in. A password, a passkey and links to `usable`
    /// authorities are ways. Concurrent removals never remove the last two.
    func remove(
        _ id: Identifier<UpstreamLink>, of user: Identifier<User>, usable: [Identifier<UpstreamAuthority>],
        at moment: Date
    ) async throws -> UpstreamLinkRemoval
    /// Deletes the links of `user` added in `period` and returns their number.
    func delete(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Int
}

package enum UpstreamLinkAddition: Sendable, Hashable {
    case added
    /// The user has this link already.
    case present
    /// Another user has it.
    case taken
    /// The user has changed since it was read, or has too many links.
    case outdated
}

package enum UpstreamLinkRemoval: Sendable, Hashable {
    case removed, unknown
    /// Without it, the user could not sign in.
    case last
}
