import FoundationEssentials
import JOSE
import Logging

/// Creates the accounts of people who came from an upstream.
struct UpstreamAccountCreation: Sendable {
    private let links: any UpstreamLinkStore
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        links = core.stores.upstreamLinks
        audit = core.audit
        now = core.now
    }

    /// Creates the account together with its link, and returns the user and the factor with which they are signed in.
    /// `name` is what they call themselves, if they were asked. Returns `nil` if another user has the username, the address
    /// or the link by now.
    func create(
        _ username: String, name: String? = nil, for guest: UpstreamGuest, _ offer: UpstreamGuest.Offer,
        by rules: UpstreamAccountRules, sealedTokens: [UInt8]? = nil
    ) async throws -> (User, ShownFactor)? {
        guard let mapped = MappedClaims(offer, by: rules) else { return nil }
        let moment = now()
        var user = User(
            username: username, email: offer.email, isEmailVerified: offer.email != nil, claims: mapped.profile,
            attributes: mapped.attributes, roles: mapped.membership.roles, groups: mapped.membership.groups,
            createdAt: moment, updatedAt: moment)
        if let name { user.claims["name"] = name.isEmpty ? nil : .string(name) }
        let link = UpstreamLink(
            upstream: guest.upstream, authority: guest.authority, subject: guest.subject, user: user.id,
            label: guest.label, createdAt: moment, lastUsedAt: moment, sealedTokens: sealedTokens)
        do {
            guard try await links.add(user, with: link) else { return nil }
        } catch is NameTaken { return nil }
        audit.record(.accountCreated(.upstream), user: user.id)
        audit.record(.upstreamLinked(guest.upstream), user: user.id)
        if !mapped.membership.isEmpty {
            audit.record(.membershipGiven(roles: user.roles, groups: user.groups), user: user.id, by: .system)
        }
        Logger.current.info("signed up", metadata: ["user": "\(user.id)", "upstream": "\(guest.upstream)"])
        return (user, .upstream(offer.signIn).added(at: moment))
    }
}
