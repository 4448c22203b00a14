import HTTPTypes

/// Receives users who come back from an upstream with a verified identity.
struct UpstreamArrival: Sendable {
    private let links: any UpstreamLinkStore
    private let linked: LinkedSignIn
    private let first: FirstUpstreamSignIn
    private let offers: UpstreamLinkOffers

    init(_ core: Core, loop: InteractionLoop) {
        links = core.stores.upstreamLinks
        linked = LinkedSignIn(core, loop: loop)
        first = FirstUpstreamSignIn(core, loop: loop)
        offers = UpstreamLinkOffers(core)
    }

    /// Continues the interaction with the account that is linked to `identity`, which nothing but the upstream, its
    /// authority and the subject decide. Throws `UpstreamFailure`.
    func signIn(
        _ identity: UpstreamIdentity, from upstream: Upstream, _ interaction: Interaction, _ request: Request
    ) async throws -> Response {
        guard upstream.admits(identity) else {
            Decision.note("The rules of the upstream \(upstream.id) don't admit this user (requires).")
            throw UpstreamFailure(.notAdmitted, upstream)
        }
        for _ in 0..<2 {
            let link = try await links.find(upstream.authority, subject: identity.subject)
            let response =
                if let link { try await linked.signIn(identity, from: upstream, by: link, interaction, request) } else {
                    try await first.signIn(identity, from: upstream, interaction, request)
                }
            if let response { return response }
            // The link was added or removed in another tab.
        }
        throw UpstreamFailure(.lost, upstream)
    }

    /// Returns to the account page, which asks `user` whether to add the account: the previous user of this browser may
    /// still be signed in at the upstream. The caller has checked that the browser has `session`. Throws
    /// `UpstreamFailure`.
    func link(
        _ identity: UpstreamIdentity, from upstream: Upstream, to user: User, in session: Session
    ) async throws -> Response {
        guard upstream.admits(identity) else { throw UpstreamFailure(.notAdmitted, upstream) }
        if let link = try await links.find(upstream.authority, subject: identity.subject), link.user != user.id {
            throw UpstreamFailure(.taken, upstream)
        }
        let offer = offers.make(
            for: user, in: session, at: upstream, subject: identity.subject, label: upstream.label(of: identity))
        return .redirect(to: try offers.location(offer))
    }
}

extension Upstream {
    /// Whether all conditions of the resource file hold for a sign-in.
    fileprivate func admits(_ identity: UpstreamIdentity) -> Bool {
        accountRules.conditions.allSatisfy { $0.holds(in: identity.claims) }
    }
}
