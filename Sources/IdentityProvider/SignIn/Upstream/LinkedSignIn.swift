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
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core, loop: InteractionLoop) {
        self.loop = loop
        links = core.stores.upstreamLinks
        attributes = core.attributes
        copying = UpstreamCopying(core)
        sealing = UpstreamSealing(core)
        audit = core.audit
        now = core.now
    }

    func signIn(
        _ identity: UpstreamIdentity, from upstream: Upstream, by link: UpstreamLink, _ interaction: Interaction,
        _ request: Request
    ) async throws -> Response {
        let mapped = MappedClaims(identity.claims, of: upstream, declared: try await attributes.catalog())
        // Before the policy decides, which depends on the roles.
        let user = try await copying.copy(
            mapped, to: link.user, by: upstream.accountRules, isFirst: link.lastUsedAt == nil)
        guard let user else { throw refusal(.disabled, of: link, upstream, interaction) }
        if upstream.label(of: identity) != link.label {
            Decision.note("The upstream \(upstream.id) has another name for the account than at the last sign-in.")
        }
        let outcome = try await loop.signIn.advance(
            nil,
            with: .upstream(try sealing.signIn(identity, of: upstream)).added(at: link.createdAt),
            by: user, toward: loop.destination(of: interaction), in: request)
        if case .refused = outcome { throw refusal(.suspicious, of: link, upstream, interaction) }
        try await links.use(
            link.id, label: upstream.label(of: identity), sealedTokens: sealing.tokens(identity, of: upstream),
            at: now())
        return try await loop.proceed(outcome, of: interaction, by: user, in: request)
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
