import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let upstreamAccount = Path("/sign-in/upstream/account") }

/// The first sign-in of someone whose account at an upstream is linked to nobody: an account of their own, if the rules
/// give them one without a question, otherwise the page that asks.
struct FirstUpstreamSignIn: Sendable {
    private let loop: InteractionLoop
    private let users: any UserStore
    private let links: any UpstreamLinkStore
    private let attributes: CachedAttributes
    private let accounts: UpstreamAccountCreation
    private let sealing: UpstreamSealing
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core, loop: InteractionLoop) {
        self.loop = loop
        users = core.stores.users
        links = core.stores.upstreamLinks
        attributes = core.attributes
        accounts = UpstreamAccountCreation(core)
        sealing = UpstreamSealing(core)
        audit = core.audit
        now = core.now
    }

    /// Returns `nil` if the account at the upstream has been linked in the meantime.
    func signIn(
        _ identity: UpstreamIdentity, from upstream: Upstream, _ interaction: Interaction, _ request: Request
    ) async throws -> Response? {
        var guest = UpstreamGuest(
            upstream: upstream.id, authority: upstream.authority, subject: identity.subject,
            label: upstream.label(of: identity), arrivedAt: now())
        guest.offer = try await offer(identity, from: upstream, interaction)
        if upstream.accountRules.signUp == .create, let offer = guest.offer, let username = offer.username,
            let (user, factor) = try await accounts.create(
                username, for: guest, offer, by: upstream.accountRules,
                sealedTokens: sealing.tokens(identity, of: upstream))
        {
            let outcome = try await loop.signIn.advance(
                nil, with: factor, by: user, toward: loop.destination(of: interaction), in: request)
            if case .refused = outcome { throw UpstreamFailure(.notAdmitted, upstream) }
            return try await loop.proceed(outcome, of: interaction, by: user, in: request)
        }
        // In another tab, the same person may have got the account that is in the way.
        guard try await links.find(upstream.authority, subject: identity.subject) == nil else { return nil }
        return try ask(guest, interaction)
    }

    /// Redirects to the page on which the guest chooses.
    private func ask(_ guest: UpstreamGuest, _ interaction: Interaction) throws -> Response {
        audit.record(.signInRefused(.unlinked, .upstream), client: interaction.client)
        var interaction = interaction
        interaction.guest = guest
        return .redirect(to: try loop.interactions.location(.upstreamAccount, interaction))
    }

    /// Returns the account that the rules allow, or `nil`. Nobody gets one whose verified address has an account already:
    /// it is theirs, or was, and signing in to it tells.
    private func offer(
        _ identity: UpstreamIdentity, from upstream: Upstream, _ interaction: Interaction
    ) async throws -> UpstreamGuest.Offer? {
        let rules = upstream.accountRules
        let address = identity.verifiedAddress
        // A response about a certain user can't be about a new one.
        guard rules.allowSignUp(of: identity, with: address), interaction.isFor(.random()) else { return nil }
        if let address, try await users.find(named: address.text) != nil {
            Decision.note("No new account: another has the address that the upstream verified.")
            return nil
        }
        let mapped = MappedClaims(identity.claims, of: upstream, declared: try await attributes.catalog())
        return UpstreamGuest.Offer(
            signIn: try sealing.signIn(identity, of: upstream),
            username: try await username(identity, of: upstream) ?? address?.text, email: address?.text,
            profile: String(decoding: mapped.profile.serialized(), as: UTF8.self),
            attributes: String(decoding: mapped.attributes.serialized(), as: UTF8.self),
            roles: mapped.membership.roles, groups: mapped.membership.groups)
    }

    /// Returns the upstream's username, if it is one that the person could choose here.
    private func username(_ identity: UpstreamIdentity, of upstream: Upstream) async throws -> String? {
        guard
            let name = upstream.claims.value("preferred_username", in: identity.claims)?.string.flatMap(
                NewUsername.init),
            try await users.find(named: name.text) == nil
        else { return nil }
        return name.text
    }
}

extension UpstreamAccountRules {
    /// Whether the person may have an account. `address` is verified.
    fileprivate func allowSignUp(of identity: UpstreamIdentity, with address: MailAddress?) -> Bool {
        guard signUp != .off else { return false }
        guard signUpDomains.isEmpty || address.map({ signUpDomains.contains($0.domain.lowercased()) }) == true else {
            Decision.note("No new account: there is no verified address of a domain in sign_up_domains.")
            return false
        }
        guard signUpConditions.allSatisfy({ $0.holds(in: identity.claims) }) else {
            Decision.note("No new account: a condition of sign_up_requires doesn't hold.")
            return false
        }
        return true
    }
}
