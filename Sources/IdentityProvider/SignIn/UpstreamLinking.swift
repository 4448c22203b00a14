import FoundationEssentials
import Logging

/// Adds accounts at upstreams to accounts here, with all the consequences.
struct UpstreamLinking: Sendable {
    private let links: any UpstreamLinkStore
    private let notices: AccountNotices
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        links = core.stores.upstreamLinks
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    /// Links the account and notifies `owner`, who must be unchanged since they showed their factors.
    func link(
        _ upstream: Upstream, _ subject: String, label: String, to owner: User, _ request: Request
    ) async throws -> UpstreamLinkAddition {
        let link = UpstreamLink(
            upstream: upstream.id, authority: upstream.authority, subject: subject, user: owner.id, label: label,
            createdAt: now())
        let addition = try await links.add(link, by: owner)
        switch addition {
        case .added:
            audit.record(.upstreamLinked(upstream.id), user: owner.id)
            Logger.current.info("upstream linked", metadata: ["user": "\(owner.id)", "upstream": "\(upstream.id)"])
            await notices.added(.upstream, by: owner.id, request)
        case .taken: audit.record(.upstreamRefused(upstream: upstream.id, reason: "taken"), user: owner.id)
        case .present, .outdated: break
        }
        Decision.note("Linking the account at the upstream \(upstream.id): \(addition).")
        return addition
    }
}
