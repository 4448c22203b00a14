import FoundationEssentials
import HTTPTypes

/// Receives users who come back from an upstream with a verified identity.
struct UpstreamArrival: Sendable {
    private let loop: InteractionLoop
    private let links: any UpstreamLinkStore
    private let users: any UserStore
    private let now: @Sendable () -> Date

    init(_ core: Core, loop: InteractionLoop) {
        self.loop = loop
        links = core.stores.upstreamLinks
        users = core.stores.users
        now = core.now
    }

    /// Continues the interaction with the account that is linked to `identity`.
    func signIn(
        _ identity: UpstreamIdentity, from upstream: Upstream, _ interaction: Interaction, _ request: Request
    ) async throws -> Response {
        guard let link = try await links.find(upstream.id, subject: identity.subject),
            let user = try await users.findEnabled(link.user)
        else { throw UpstreamFailure(.unlinked, upstream) }
        let session = UpstreamSession(upstream: upstream.id, subject: identity.subject, session: identity.session)
        let signIn = UpstreamSignIn(session, context: identity.context, authenticatedAt: identity.authenticatedAt)
        let outcome = try await loop.signIn.advance(
            nil, with: .upstream(signIn), by: user, toward: loop.destination(of: interaction), in: request)
        return try loop.proceed(outcome, of: interaction)
    }

    /// Adds the account at the upstream to those with which `user` can sign in.
    func link(
        _ identity: UpstreamIdentity, from upstream: Upstream, to user: User, _ request: Request
    ) async throws -> Response {
        let link = UpstreamLink(
            upstream: upstream.id, subject: identity.subject, user: user.id,
            label: identity.email ?? identity.subject, createdAt: now())
        switch try await links.add(link, by: user) {
        case .added, .present: return .redirect(to: loop.interactions.issuer.reference(.linkedAccounts))
        case .taken: throw UpstreamFailure(.taken, upstream)
        case .outdated: throw UpstreamFailure(.lost, upstream)
        }
    }
}
