import FoundationEssentials
import HTTPTypes
import JOSE

/// Signs in users whose account at an upstream is linked to theirs.
struct LinkedSignIn: Sendable {
    private let loop: InteractionLoop
    private let links: any UpstreamLinkStore
    private let attributes: CachedAttributes
    private let copying: UpstreamCopying
    private let sealing: UpstreamSealing
    private let recoveries: AccountRecoveries
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core, loop: InteractionLoop) {
        self.loop = loop
        links = core.stores.upstreamLinks
        attributes = core.attributes
        copying = UpstreamCopying(core)
        sealing = UpstreamSealing(core)
        recoveries = AccountRecoveries(core)
        audit = core.audit
        now = core.now
    }

    /// Returns `nil` if the link was removed in the meantime.
    func signIn(
        _ identity: UpstreamIdentity, from upstream: Upstream, by link: UpstreamLink, _ interaction: Interaction,
        _ request: Request
    ) async throws -> Response? {
        let mapped = MappedClaims(identity.claims, of: upstream, declared: try await attributes.catalog())
        if upstream.label(of: identity) != link.label {
            Decision.note("The upstream \(upstream.id) has another name for the account than at the last sign-in.")
        }
        guard
            let (outcome, user) = try await advance(
                mapped, sealing.signIn(identity, of: upstream), by: link, upstream, interaction, request)
        else { return nil }
        try await links.use(
            link.id, label: upstream.label(of: identity), sealedTokens: sealing.tokens(identity, of: upstream),
            at: now())
        return try await loop.proceed(outcome, of: interaction, by: user, in: request)
    }

    /// Signs in a guest whose account at the upstream has been linked since they came. Returns `nil` if it has not.
    func signIn(
        _ guest: UpstreamGuest, _ offer: UpstreamGuest.Offer, from upstream: Upstream, _ interaction: Interaction,
        _ request: Request
    ) async throws -> Response? {
        guard let link = try await links.find(upstream.authority, subject: guest.subject),
            let mapped = MappedClaims(offer, by: upstream.accountRules),
            let (outcome, user) = try await advance(mapped, offer.signIn, by: link, upstream, interaction, request)
        else { return nil }
        return try await loop.proceed(outcome, of: interaction, by: user, in: request)
    }

    private func advance(
        _ mapped: MappedClaims, _ signIn: UpstreamSignIn, by link: UpstreamLink, _ upstream: Upstream,
        _ interaction: Interaction, _ request: Request
    ) async throws -> (SignIn.Outcome, User)? {
        let factor = ShownFactor.upstream(signIn).added(at: link.createdAt)
        // An account in dispute may be a thief's, whose name and roles are not the user's.
        if try await recoveries.disputes([factor], of: link.user) {
            throw refusal(.suspicious, of: link, upstream, interaction)
        }
        // Before the policy decides, which depends on the roles.
        let user = try await copying.copy(
            mapped, to: link.user, by: upstream.accountRules, isFirst: link.lastUsedAt == nil)
        guard let user else { throw refusal(.disabled, of: link, upstream, interaction) }
        // A recovery removes the link before it signs the user out everywhere: `user` is either from before that, and no
        // session starts, or the link is gone.
        guard try await links.find(upstream.authority, subject: link.subject)?.id == link.id else { return nil }
        let outcome = try await loop.signIn.advance(
            nil, with: factor, by: user, toward: loop.destination(of: interaction), in: request)
        if case .refused = outcome { throw refusal(.suspicious, of: link, upstream, interaction) }
        return (outcome, user)
    }

    /// Returns the same for a disabled user as for a sign-in that is too risky or not admitted. Only the audit log says
    /// which.
    private func refusal(
        _ reason: SignInRefusal, of link: UpstreamLink, _ upstream: Upstream, _ interaction: Interaction
    ) -> UpstreamFailure {
        audit.record(.signInRefused(reason, .upstream), user: link.user, client: interaction.client)
        return UpstreamFailure(.notAdmitted, upstream)
    }
}
